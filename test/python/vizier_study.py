"""Plays Vizier's server for one study, as far as it talks to a Pythia service.

    python vizier_study.py HOST:PORT STUDY.json

STUDY.json has the name, algorithm, settings and parameters of the study. Asks for three suggestions three times, keeping what Vizier keeps
in between. Prints one JSON object.
"""
import json
import sys
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from vizier import pythia_service_pb2 as pythia
from vizier import pythia_service_pb2_grpc


def main(address, study):
    stub = pythia_service_pb2_grpc.PythiaServiceStub(grpc.insecure_channel(address))
    stub.Ping(empty_pb2.Empty(), timeout=60, wait_for_ready=True)

    metadata = {(":nss", key): value for key, value in study["settings"].items()}
    metadata[(":service", "PYTHIA_ENDPOINT")] = address
    trials = []

    def descriptor():
        config = pythia.ProblemStatement(
            search_space=[
                pythia.StudySpec.ParameterSpec(
                    parameter_id=name,
                    integer_value_spec=pythia.StudySpec.ParameterSpec.IntegerValueSpec(min_value=low, max_value=high),
                )
                for name, (low, high) in study["parameters"].items()
            ],
            metadata=[pythia.KeyValue(ns=ns, key=key, value=value) for (ns, key), value in metadata.items()],
        )
        return pythia.StudyDescriptor(config=config, guid=study["name"], max_trial_id=len(trials))

    for _ in range(3):
        request = pythia.SuggestRequest(algorithm=study["algorithm"], study_descriptor=descriptor(), count=3)
        decision = stub.Suggest(request, timeout=120)
        trials += [{p.parameter_id: p.value.number_value for p in s.parameters} for s in decision.suggestions]
        for update in decision.metadata:
            assert not update.HasField("trial_id")
            metadata[(update.metadatum.ns, update.metadatum.key)] = update.metadatum.value

    stop = pythia.EarlyStopRequest(algorithm=study["algorithm"], study_descriptor=descriptor(), trial_ids=[1, 2])
    decisions = {d.id: d.should_stop for d in stub.EarlyStop(stop, timeout=60).decisions}

    wrong = descriptor()
    wrong.config.search_space.add(parameter_id="dropout").double_value_spec.max_value = 1
    try:
        stub.Suggest(pythia.SuggestRequest(algorithm=study["algorithm"], study_descriptor=wrong, count=1), timeout=60)
        refused = None
    except grpc.RpcError as error:
        refused = dict(code=error.code().name, message=error.details())
    print(json.dumps(dict(trials=trials, space=metadata[(":nss", "space")], stopped=decisions, refused=refused)))


main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))

"""Plays Katib's controller for one Experiment, as far as it talks to a suggestion service.

    python katib_experiment.py HOST:PORT STATE.json TRIALS

Goes on from STATE.json, which holds what Katib keeps in the cluster, until there are TRIALS trials; three run at a time, and every
fifth fails. Prints the state of the service's health and the error that stopped it, if any, as JSON.
"""
import json
import sys
from pathlib import Path

import grpc
from health.v1 import health_pb2, health_pb2_grpc
from katib import api_pb2, api_pb2_grpc

PARALLEL = 3


def experiment(state):
    settings = dict(state["settings"], **state["settings_of_suggestion"])
    return api_pb2.Experiment(
        name=state["name"],
        spec=api_pb2.ExperimentSpec(
            algorithm=api_pb2.AlgorithmSpec(
                algorithm_name=state["algorithm"],
                algorithm_settings=[api_pb2.AlgorithmSetting(name=k, value=v) for k, v in settings.items()],
            ),
            objective=api_pb2.ObjectiveSpec(type=api_pb2.MINIMIZE, objective_metric_name="error"),
            parameter_specs=api_pb2.ExperimentSpec.ParameterSpecs(
                parameters=[
                    api_pb2.ParameterSpec(
                        name=name,
                        parameter_type=api_pb2.INT,
                        feasible_space=api_pb2.FeasibleSpace(min=str(low), max=str(high)),
                    )
                    for name, (low, high) in state["parameters"].items()
                ]
            ),
            parallel_trial_count=PARALLEL,
            max_trial_count=30,
        ),
    )


def trial(number, assignments, condition):
    status = api_pb2.TrialStatus(condition=condition)
    if condition == api_pb2.TrialStatus.SUCCEEDED:
        status.observation.metrics.add(name="error", value="0.5")
    values = [api_pb2.ParameterAssignment(name=k, value=v) for k, v in assignments.items()]
    spec = api_pb2.TrialSpec(parameter_assignments=api_pb2.TrialSpec.ParameterAssignments(assignments=values))
    return api_pb2.Trial(name=f"trial-{number}", spec=spec, status=status)


def trials(state):
    """Those that run are the last ones."""
    done = len(state["suggestions"]) - PARALLEL
    for i, assignments in enumerate(state["suggestions"]):
        condition = api_pb2.TrialStatus.FAILED if i % 5 == 4 else api_pb2.TrialStatus.SUCCEEDED
        yield trial(i, assignments, condition if i < done else api_pb2.TrialStatus.RUNNING)


def sync_assignments(suggestion, state, requests):
    """SyncAssignments of Katib's suggestion client."""
    count = requests - len(state["suggestions"])
    reply = suggestion.GetSuggestions(
        api_pb2.GetSuggestionsRequest(
            experiment=experiment(state),
            trials=trials(state),
            current_request_number=count,
            total_request_number=requests,
        ),
        timeout=60,
    )
    assert len(reply.parameter_assignments) == count, "The response contains unexpected trials"
    state["suggestions"] += [{a.name: a.value for a in p.assignments} for p in reply.parameter_assignments]
    state["settings_of_suggestion"].update({s.name: s.value for s in reply.algorithm.algorithm_settings})


def main(address, path, wanted):
    state = json.loads(path.read_text())
    channel = grpc.insecure_channel(address)
    suggestion = api_pb2_grpc.SuggestionStub(channel)
    check = health_pb2.HealthCheckRequest(service="manager.v1beta1.Suggestion")
    status = health_pb2_grpc.HealthStub(channel).Check(check, timeout=60, wait_for_ready=True).status
    result = dict(health=health_pb2.HealthCheckResponse.ServingStatus.Name(status))
    try:
        if not state["suggestions"]:
            request = api_pb2.ValidateAlgorithmSettingsRequest(experiment=experiment(state))
            suggestion.ValidateAlgorithmSettings(request, timeout=60, wait_for_ready=True)
        while len(state["suggestions"]) < wanted:
            sync_assignments(suggestion, state, min(wanted, len(state["suggestions"]) + PARALLEL))
    except grpc.RpcError as error:
        result.update(code=error.code().name, message=error.details())
    path.write_text(json.dumps(state))
    print(json.dumps(result))


main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

"""A campaign from Python: created, watched to its end, its Elite Spaces and report read.

    pip install grpcio grpcio-tools
    python -m grpc_tools.protoc -I proto --python_out=OUT --grpc_python_out=OUT proto/nss/v1/*.proto proto/google/rpc/*.proto
    PYTHONPATH=OUT python examples/python/campaign.py HOST:PORT

Prints one JSON object. Needs grpcio; the generated modules come from this project's proto/ folder alone.
"""
import json
import sys
import time

import grpc
from google.protobuf import struct_pb2
from google.rpc import error_details_pb2, status_pb2
from nss.v1 import campaign_pb2, campaign_pb2_grpc, job_pb2

ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED)
# grpcio's own repetitions, for calls that found no server; a request_id makes CreateCampaign safe to repeat.
RETRIES = {
    "methodConfig": [{
        "name": [{"service": "nss.v1.CampaignService"}],
        "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]},
    }]
}


def details(error):
    """Reason and field violations of an error, from its google.rpc.Status."""
    status = status_pb2.Status()
    status.ParseFromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info) or detail.Unpack(bad)
    return dict(code=error.code().name, reason=info.reason, fields=sorted(v.field for v in bad.field_violations))


def follow(campaigns, name):
    """Every change of a campaign until it has ended; a watch that breaks goes on after the last change seen."""
    after = 0
    while True:
        try:
            for change in campaigns.WatchCampaign(campaign_pb2.WatchCampaignRequest(name=name, after_change=after)):
                after = change.change
                yield change
                if change.campaign.status.state in ENDED:
                    return
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(1)


def refusal(campaigns):
    """What is said of a campaign that is wrong."""
    wrong = campaign_pb2.CampaignSpec(dataset="cifar11", preset="tiny", targets_multiply_adds=[1e15])
    try:
        campaigns.CreateCampaign(campaign_pb2.CreateCampaignRequest(campaign=campaign_pb2.Campaign(spec=wrong)), timeout=10)
    except grpc.RpcError as error:
        return details(error)


def main(address):
    campaigns = campaign_pb2_grpc.CampaignServiceStub(
        grpc.insecure_channel(address, options=[("grpc.service_config", json.dumps(RETRIES))])
    )
    overrides = struct_pb2.Struct()
    overrides.update({"evaluation": {"architecturesPerSpace": 4}})
    spec = campaign_pb2.CampaignSpec(dataset="cifar10", preset="tiny", targets_multiply_adds=[0.5e6], seeds=[3], overrides=overrides)
    request = campaign_pb2.CreateCampaignRequest(campaign_id="from-python", campaign=campaign_pb2.Campaign(spec=spec), request_id="from-python-1")
    created = campaigns.CreateCampaign(request, timeout=10)
    again = campaigns.CreateCampaign(request, timeout=10)

    changes = []
    for change in follow(campaigns, created.name):
        changes.append(change.change)
        last = change.campaign
    report = b"".join(part.data for part in campaigns.ReadArtifact(campaign_pb2.ReadArtifactRequest(name=created.name + "/report.html"), timeout=60))
    print(json.dumps(dict(
        refused=refusal(campaigns),
        name=created.name,
        same=again.name == created.name,
        changes=changes,
        state=job_pb2.JobState.Name(last.status.state),
        error=last.status.error.message,
        phases={campaign_pb2.Phase.Name(p.phase): job_pb2.JobState.Name(p.state) for p in last.phases},
        eliteSpaces=[dict(target=e.target_multiply_adds, text=e.text, mean=e.certificate.mean_multiply_adds, exact=e.certificate.exact) for e in last.elite_spaces],
        artifacts=list(last.artifacts),
        reportBytes=len(report),
    )))


main(sys.argv[1])

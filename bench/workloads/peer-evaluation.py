"""Times how the peer evaluates architectures, one by one, on 2,000 images of 16x16 as its `evaluate` command does.

Arguments: the peer's program; text forms of architectures, separated by commas. Prints seconds and seconds of
processor time an architecture.
"""
import argparse
import importlib.util
import json
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("peer")
parser.add_argument("architectures")
parser.add_argument("--threads", type=int)
arguments, _ = parser.parse_known_args()
torch.set_num_threads(arguments.threads)

spec = importlib.util.spec_from_file_location("peer", arguments.peer)
peer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(peer)

network = peer.SuperNetwork(4, 64)
images = torch.randn(2000, 3, 16, 16).contiguous(memory_format=torch.channels_last)


def evaluate(architecture):
    stages = [tuple(map(int, stage.split("x"))) for stage in architecture.split("-")]
    depths, widths = zip(*stages)
    with torch.no_grad():
        return torch.cat([network.sub(images[i : i + 500], depths, widths) for i in range(0, 2000, 500)]).argmax(1)


architectures = arguments.architectures.split(",")
evaluate(architectures[0])
start, processor = time.perf_counter(), time.process_time()
for architecture in architectures:
    evaluate(architecture)
count = len(architectures)
print(json.dumps({"seconds": (time.perf_counter() - start) / count, "processorSeconds": (time.process_time() - processor) / count}))

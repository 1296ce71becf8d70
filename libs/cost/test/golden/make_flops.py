"""Golden numbers: what PyTorch itself counts for sixteen networks.

    python3 make_flops.py > flops.json        (torch 2.13.0; about a second, on any machine)

The networks are written here as plain PyTorch modules and run once on the "meta" device, which knows shapes and holds no data,
under torch.utils.flop_counter. That counter counts two per multiply-add, and for a fully connected layer the product only,
not the addition of the bias. So our cost is (convolution_flops + linear_flops) / 2 + classes.
"""

import json
import re

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# block, architecture (depth x width per stage), stride per stage, stem width, (height, width, channels), classes
NETWORKS = [
    ("basic", "16x512-16x512-16x512", "1-2-2", 16, (32, 32, 3), 10),  # the largest of the paper: 99.2 GF
    ("basic", "16x512-16x512-16x512", "2-2-2", 16, (32, 32, 3), 10),  # the same with strides that the paper rules out
    ("basic", "1x1-1x1-1x1", "1-2-2", 16, (32, 32, 3), 10),  # the smallest
    ("basic", "2x16-3x32-4x64", "1-2-2", 16, (32, 32, 3), 10),
    ("basic", "4x64-4x64-4x64", "1-2-2", 16, (16, 16, 3), 10),  # the largest of the preset "small"
    ("basic", "1x14-2x23-4x35", "1-2-2", 16, (32, 32, 3), 100),
    ("basic", "7x200-9x17-3x511", "1-2-2", 16, (32, 32, 3), 100),
    ("basic", "3x40-2x41-5x42", "1-2-2", 24, (28, 28, 1), 10),
    ("basic", "2x8-3x20", "2-3", 7, (17, 23, 2), 5),  # odd sizes: outputs round up
    ("basic", "2x24-2x48-3x96-6x120-2x200", "2-1-2-2-2", 32, (96, 64, 3), 1000),
    ("bottleneck", "16x512-16x512-16x512", "1-2-2", 16, (32, 32, 3), 10),
    ("bottleneck", "1x1-1x1-1x1", "1-2-2", 16, (32, 32, 3), 10),
    ("bottleneck", "2x16-3x32-4x64", "1-2-2", 16, (32, 32, 3), 10),
    ("bottleneck", "7x200-9x17-3x511", "1-2-2", 16, (32, 32, 3), 100),
    ("bottleneck", "2x8-3x20", "2-3", 7, (17, 23, 2), 5),  # the first 1x1 sees what the stride rounds up
    ("bottleneck", "2x24-2x48-3x96-6x120-2x200", "2-1-2-2-2", 32, (224, 224, 3), 1000),
]


class Basic(nn.Module):
    """Basic residual block; ReLU after the addition. The first block of a stage projects its shortcut."""

    def __init__(self, c_in, c_out, stride, first):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Identity()
        if first:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1, the stride on the 3x3; inner width = outer width."""

    def __init__(self, c_in, c_out, stride, first):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.conv3 = nn.Conv2d(c_out, c_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Identity()
        if first:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


BLOCKS = {"basic": Basic, "bottleneck": Bottleneck}


def network(block_type, architecture, strides, stem_width, channels, classes):
    layers = [nn.Conv2d(channels, stem_width, 3, padding=1, bias=False), nn.BatchNorm2d(stem_width), nn.ReLU()]
    width = stem_width
    for stage, stride in zip(architecture.split("-"), map(int, strides.split("-")), strict=True):
        depth, stage_width = map(int, re.fullmatch(r"(\d+)x(\d+)", stage).groups())
        for block in range(depth):
            layers.append(BLOCKS[block_type](width, stage_width, stride if block == 0 else 1, first=block == 0))
            width = stage_width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def count(block, architecture, strides, stem_width, image, classes):
    height, width, channels = image
    with torch.device("meta"):
        model = network(block, architecture, strides, stem_width, channels, classes).eval()
        with FlopCounterMode(display=False) as counter:
            model(torch.empty(1, channels, height, width))
    by_operator = {str(operator): flops for operator, flops in counter.get_flop_counts()["Global"].items()}
    counts = {"convolution_flops": by_operator.pop("aten.convolution"), "linear_flops": by_operator.pop("aten.addmm")}
    assert not by_operator, f"operators that are neither convolution nor fully connected: {by_operator}"
    return {
        "block": block,
        "architecture": architecture,
        "strides": strides,
        "stem_width": stem_width,
        "height": height,
        "width": width,
        "channels": channels,
        "classes": classes,
        **counts,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


print(json.dumps({"torch": torch.__version__, "networks": [count(*one) for one in NETWORKS]}, indent=2))

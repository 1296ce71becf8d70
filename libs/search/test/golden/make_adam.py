"""Golden numbers for adam.test.ts from PyTorch's Adam in double precision: python3 make_adam.py > adam.json (needs torch)."""
import json
import torch

torch.manual_seed(0)
settings = dict(learningRate=0.03, beta1=0.5, beta2=0.999, weightDecay=0.001)
values = torch.nn.Parameter(torch.randn(5, dtype=torch.float64))
optimizer = torch.optim.Adam([values], settings["learningRate"], betas=(settings["beta1"], settings["beta2"]), weight_decay=settings["weightDecay"])
start, gradients, after = values.tolist(), [], []
for _ in range(8):
    values.grad = torch.randn(5, dtype=torch.float64)
    gradients.append(values.grad.tolist())
    optimizer.step()
    after.append(values.tolist())
print(json.dumps(dict(torch=torch.__version__, settings=settings, start=start, gradients=gradients, after=after), indent=1))

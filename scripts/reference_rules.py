"""Twenty steps of each rule that has come since the paper, by its authors' own package, in float64.

    pip install torch==2.15.0 numpy==2.4.6 gradient-descent-the-ultimate-optimizer==1.0 \\
        prodigyopt==1.1.2 dog-optimizer==1.0.3 schedulefree==1.4.1
    python3 scripts/reference_rules.py > test/fixtures/rules.json

Three parameter tensors, and the same gradients for every rule. HDM for mini-batches has no package; it is written out here
from its equations.
"""
import contextlib
import importlib.metadata
import json
import random
import sys

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


def packaged(make, learned, evaluated=None):
    """make: an optimizer of parameters; learned: what to record of it, by symbol; evaluated: the parameters to use."""
    module = torch.nn.ParameterList(torch.nn.Parameter(torch.tensor(part)) for part in split(START))
    optimizer = make(list(module))
    look = evaluated(module, optimizer) if evaluated else None
    record = {'theta': [], 'learned': {name: [] for name in learned}, 'evaluated': []}
    for values in GRADIENTS:
        for p, g in zip(module, split(values)):
            p.grad = torch.tensor(g)
        optimizer.step()
        record['theta'].append(flat(module))
        for name, read in learned.items():
            record['learned'][name].append(read(optimizer))
        if look:
            record['evaluated'].append([float(f'{x:.9g}') for x in flat(look())])
    result = steps(record['theta'], record['learned'])
    return {**result, 'evaluated': record['evaluated']} if look else result


def averaged(module, optimizer):
    from dog import PolynomialDecayAverager
    averager = PolynomialDecayAverager(module)

    def look():
        averager.step()
        return list(averager.averaged_model)
    return look


def x_of(module, optimizer):
    return lambda: [optimizer.state[p]['x'] for p in module]


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

    from prodigyopt import Prodigy
    group = lambda name: lambda optimizer: optimizer.param_groups[0][name]
    names = {'lr': 'lr', 'betas': 'betas', 'beta3': 'beta3', 'eps': 'eps', 'weightDecay': 'weight_decay',
             'decouple': 'decouple', 'biasCorrection': 'use_bias_correction', 'safeguardWarmup': 'safeguard_warmup',
             'd0': 'd0', 'dCoef': 'd_coef', 'growthRate': 'growth_rate', 'repsRel': 'reps_rel', 'alpha0': 'lr',
             'momentum': 'momentum', 'warmupSteps': 'warmup_steps', 'r': 'r', 'weightLrPower': 'weight_lr_power',
             'decayAtZ': 'decay_at_z'}
    theirs = lambda options: {names[name]: value for name, value in options.items()}
    for options in [{}, {'d0': 1e-3, 'biasCorrection': True}, {'d0': 1e-2, 'weightDecay': 0.1, 'dCoef': 2.0, 'lr': 0.5},
                    {'d0': 1e-2, 'weightDecay': 0.1, 'decouple': False, 'eps': 1e-3},
                    {'d0': 1e-3, 'growthRate': 1.5, 'safeguardWarmup': True, 'betas': [0.5, 0.9], 'beta3': 0.99}]:
        yield 'prodigy', options, packaged(
            lambda params: Prodigy(params, **theirs(options)),
            {'alpha': lambda o: o.param_groups[0]['d'] * options.get('lr', 1), 'd': group('d')})

    from dog import DoG, LDoG
    for options in [{}, {'repsRel': 1e-2}, {'repsRel': 1e-2, 'weightDecay': 0.1, 'lr': 0.5, 'eps': 1.0}]:
        yield 'dog', options, packaged(lambda params: DoG(params, **theirs(options)),
                                       {'alpha': lambda o: o.param_groups[0]['eta'][0]}, averaged)
        yield 'ldog', options, packaged(
            lambda params: LDoG(params, **theirs(options)),
            {f'alpha/{name}': lambda o, i=i: o.param_groups[0]['eta'][i] for i, name in enumerate('abc')}, averaged)

    from schedulefree.adamw_schedulefree_reference import AdamWScheduleFreeReference
    from schedulefree.sgd_schedulefree_reference import SGDScheduleFreeReference

    def training(optimizer):
        optimizer.train()
        return optimizer
    for options in [{'alpha0': 0.1}, {'alpha0': 0.1, 'momentum': 0.7, 'weightDecay': 0.1, 'warmupSteps': 8},
                    {'alpha0': 0.1, 'r': 1.5, 'weightLrPower': 1.0, 'warmupSteps': 3}]:
        yield 'scheduleFreeSGD', options, packaged(
            lambda params: training(SGDScheduleFreeReference(params, **theirs(options))),
            {'alpha': group('scheduled_lr')} if 'warmupSteps' in options else {}, x_of)
    for options in [{}, {'alpha0': 0.05, 'weightDecay': 0.1, 'warmupSteps': 8},
                    {'alpha0': 0.05, 'weightDecay': 0.1, 'decayAtZ': True, 'betas': [0.8, 0.9], 'eps': 1e-3},
                    {'alpha0': 0.05, 'r': 0.5, 'weightLrPower': 0.0, 'warmupSteps': 4}]:
        yield 'scheduleFreeAdamW', options, packaged(
            lambda params: training(AdamWScheduleFreeReference(params, **theirs(options))),
            {'alpha': group('scheduled_lr')} if 'warmupSteps' in options else {}, x_of)


def main():
    packages = ['torch', 'numpy', 'gradient-descent-the-ultimate-optimizer', 'prodigyopt', 'dog-optimizer', 'schedulefree']
    versions = ', '.join(f'{name} {importlib.metadata.version(name)}' for name in packages)
    head = json.dumps({'made by': f'python3 scripts/reference_rules.py with {versions}', 'sizes': SIZES, 'start': START,
                       'gradients': GRADIENTS})
    with contextlib.redirect_stdout(sys.stderr):  # prodigyopt greets
        lines = [json.dumps({'rule': rule, 'options': options, **record}) for rule, options, record in cases()]
    print(head[:-1] + ', "cases": [\n' + ',\n'.join(lines) + '\n]}')


main()

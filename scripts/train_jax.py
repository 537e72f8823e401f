#!/usr/bin/env python3
"""The fastest peer on small models: the same experiment in JAX, compiled, many steps in one call, the data in memory.

Usage: train_jax.py --model logreg|mlp --method sgd|sgd_hd|sgdn|sgdn_hd|adam|adam_hd [--data DIR] [--steps 100] [--calls 7]
                    [--settings S] [--width 1000]
DIR holds the four MNIST idx files (without it: random images). --settings trains S settings of alpha_0 at once (vmap),
which see the same mini-batches; --width is that of the mlp's hidden layers. Needs `pip install jax numpy`. Threads: as many as cores (taskset limits them).
Prints one JSON line: seconds a step (median over calls after the first, which compiles), and per setting.
"""
import argparse, json, os, resource, struct, time
import numpy as np, jax, jax.numpy as jnp

p = argparse.ArgumentParser()
p.add_argument('--model', default='logreg'); p.add_argument('--method', default='adam_hd'); p.add_argument('--data')
p.add_argument('--alpha_0', type=float, default=1e-3); p.add_argument('--beta', type=float, default=1e-7); p.add_argument('--mu', type=float, default=.9)
p.add_argument('--weightDecay', type=float, default=1e-4); p.add_argument('--batchSize', type=int, default=128)
p.add_argument('--steps', type=int, default=100); p.add_argument('--calls', type=int, default=7); p.add_argument('--settings', type=int, default=0); p.add_argument('--width', type=int, default=1000)
o = p.parse_args(); rng = np.random.default_rng(1)


def idx(name):
    b = open(os.path.join(o.data, name), 'rb').read(); n = b[3]
    return np.frombuffer(b, np.uint8, offset=4 + 4 * n).reshape(struct.unpack('>' + 'i' * n, b[4:4 + 4 * n]))


if o.data: x, y = idx('train-images-idx3-ubyte').reshape(-1, 784), idx('train-labels-idx1-ubyte')
else: x, y = rng.integers(0, 256, (60000, 784), dtype=np.uint8), rng.integers(0, 10, 60000)
X = jnp.asarray((x.astype(np.float32) / 255 - .1307) / .3081); Y = jnp.asarray(y.astype(np.int32))
sizes = [784, 10] if o.model == 'logreg' else [784, o.width, o.width, 10]
theta = []
for i, k in zip(sizes, sizes[1:]):
    s = 1 / np.sqrt(i); theta += [jnp.asarray(rng.uniform(-s, s, (k, i)).astype(np.float32)), jnp.asarray(rng.uniform(-s, s, k).astype(np.float32))]


def loss(theta, x, y):
    for i in range(0, len(theta), 2):
        x = x @ theta[i].T + theta[i + 1]
        if i + 2 < len(theta): x = jax.nn.relu(x)
    return -jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1).mean()


def zeros(): return [jnp.zeros_like(w) for w in theta]


def start(alpha0):
    s = {'theta': theta, 'alpha': alpha0, 't': jnp.float32(0)}
    if o.method.endswith('_hd'): s['u'] = zeros()
    if o.method.startswith('sgdn'): s['buf'] = zeros()
    if o.method.startswith('adam'): s |= {'m': zeros(), 'v': zeros()}
    return s


def step(s, x, y):
    value, g = jax.value_and_grad(loss)(s['theta'], x, y)
    g = [a + o.weightDecay * w for a, w in zip(g, s['theta'])]; n = dict(s); n['t'] = t = s['t'] + 1
    if o.method.endswith('_hd'): n['alpha'] = s['alpha'] + o.beta * sum(jnp.vdot(a, b) for a, b in zip(g, s['u']))
    if o.method.startswith('adam'):
        n['m'] = [.9 * a + .1 * b for a, b in zip(s['m'], g)]; n['v'] = [.999 * a + .001 * b * b for a, b in zip(s['v'], g)]
        c = jnp.sqrt(1 - .999 ** t) / (1 - .9 ** t); u = [c * a / (jnp.sqrt(b) + 1e-8) for a, b in zip(n['m'], n['v'])]
    elif o.method.startswith('sgdn'):
        n['buf'] = [o.mu * a + b for a, b in zip(s['buf'], g)]; u = [a + o.mu * b for a, b in zip(g, n['buf'])]
    else: u = g
    if 'u' in s: n['u'] = u
    n['theta'] = [w - n['alpha'] * a for w, a in zip(s['theta'], u)]
    return n, (value, n['alpha'])


each = jax.vmap(step, (0, None, None)) if o.settings else step
run = jax.jit(lambda s, rows: jax.lax.scan(lambda s, r: each(s, X[r], Y[r]), s, rows), donate_argnums=0)
state = jax.vmap(start)(jnp.full((o.settings,), o.alpha_0)) if o.settings else start(jnp.float32(o.alpha_0))
state = jax.tree.map(jnp.array, state)
rows = jnp.asarray(rng.integers(0, len(Y), (o.steps, o.batchSize)))
times = []
for _ in range(o.calls + 1):
    begun = time.perf_counter(); state, figures = run(state, rows); jax.block_until_ready(state); times.append((time.perf_counter() - begun) / o.steps)
median = sorted(times[1:])[len(times[1:]) // 2]
print(json.dumps({'model': o.model, 'method': o.method, 'settings': o.settings or 1, 'secondsPerStep': median, 'secondsPerSettingAndStep': median / (o.settings or 1), 'compileSeconds': times[0], 'loss': float(jnp.ravel(figures[0])[-1]), 'jax': jax.__version__, 'peakMegabytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 'threads': len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}))

"""Fifty iterations of HDM on LIBSVM's a1a by its authors' NumPy program, as a fixture.

    git clone https://github.com/udellgroup/hypergrad && git -C hypergrad checkout 7d6049f
    pip install numpy scipy scikit-learn
    python3 scripts/reference_hdm.py hypergrad > test/fixtures/hdm.json

The problem is the clone's logistic regression on problems/a1a (of LIBSVM; made of UCI's Adult, CC BY 4.0), the start that
of its exp_logistic.py.
"""
import base64
import gzip
import json
import os
import sys

import numpy as np
import scipy
import sklearn

clone = sys.argv[1]
sys.path[:0] = [clone, os.path.join(clone, 'algorithms')]
import def_problems  # noqa: E402
from algorithms import algo_config as config, bench_algo as bench  # noqa: E402
from algorithms.hdm import HyperGradientDescent  # noqa: E402

ITERATIONS = 50
data = os.path.join(clone, 'problems/a1a')
L, n, value, gradient = def_problems.read_logistic_problem_from_libsvm(file_path=data)
L = float(L)
np.random.seed(20250128)
start = np.random.randn(n)
start /= np.linalg.norm(start)

EXTENTS = {'scalar': config.ALG_HDM_VERSION_SCALAR, 'diagonal': config.ALG_HDM_VERSION_DIAG}
cases = [
    {'smoothness': L},
    {'smoothness': L, 'rateLr': 1 / L, 'momentumLr': 3},
    {'smoothness': L, 'rate': 'scalar'},
    {'smoothness': L, 'momentum': 'diagonal', 'momentumLr': 10},
    {'smoothness': L, 'convex': False},
    {'rate': 'scalar', 'rateLr': 1 / L},
]


def run(options):
    params = {
        config.ALG_UNIVERSAL_PARAM_MAXITER: ITERATIONS,
        config.ALG_UNIVERSAL_PARAM_TOL: 0,
        config.ALG_UNIVERSAL_PARAM_L_EST: options.get('smoothness', np.inf),
        config.ALG_HDM_NONCONVEX: not options.get('convex', 'smoothness' in options),
        config.ALG_HDM_LR_VERSION: EXTENTS[options.get('rate', 'diagonal')],
        config.ALG_HDM_BETA_VERSION: EXTENTS[options.get('momentum', 'scalar')],
        config.ALG_HDM_LEARNING_RATE: options.get('rateLr', -1),
        config.ALG_HDM_BETA_LEARNING_RATE: options.get('momentumLr', 1.0),
    }
    stats = HyperGradientDescent(params).optimize(start, value, gradient)
    return {'options': options, 'values': stats[bench.ALG_STATS_FUNCVALS].tolist(),
            'gradients': stats[bench.ALG_STATS_GNORMS].tolist(), 'x': stats[bench.ALG_STATS_OPTIMAL_SOL].tolist()}


with open(data, 'rb') as file:
    packed = base64.b64encode(gzip.compress(file.read(), 9, mtime=0)).decode()
head = json.dumps({'made by': f'scripts/reference_hdm.py with hypergrad 7d6049f, numpy {np.__version__}, scipy '
                              f'{scipy.__version__}, scikit-learn {sklearn.__version__}',
                   'start': start.tolist(), 'data': packed})
print(head[:-1] + ', "cases": [\n' + ',\n'.join(json.dumps(run(options)) for options in cases) + '\n]}')

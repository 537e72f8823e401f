import { runId, type RunRecord } from '../src/results/record.js';

/** A run that never was. */
export const identity = {
  settings: { model: 'mlp', alpha_0: 0.001, clip: null, epochs: 2, iterations: 0, threads: 0, workers: 1, device: 0 },
  engine: { name: 'onnx', version: 'onnxruntime-node 1' },
  data: { name: 'MNIST', digest: 'abcdef0123456789', train: 60_000, test: 10_000 },
  code: '0.1.0',
};
export const record: RunRecord = {
  ...identity,
  ...({ schema: 1, id: runId(identity), state: 'finished', error: null } as const),
  machine: { node: 'v20', platform: 'linux x64', processor: 'a', cores: 2 },
  ...{ started: '2026-01-01T00:00:00.000Z', ended: null, seconds: 1.5, resumed: 0 },
  final: {
    ...{ epoch: 2, iteration: 939, loss: Number.NaN, lossEpoch: Infinity },
    ...{ validLossEpoch: -Infinity, validAccuracy: 0.5, alpha: 1e-300 },
  },
  rows: { count: 939, sha256: null },
  model: null,
};

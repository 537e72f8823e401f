import { loadMnist } from '../../src/data/mnist.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import type { Row } from '../../src/results/row.js';
import { train, type TrainOptions } from '../../src/training/train.js';

const mnist = loadMnist().dataset;

/** The rows of a run on real MNIST; the reference's defaults unless given. */
export async function rowsOf(
  options: Partial<TrainOptions>,
  whileRunning?: (rows: readonly Row[]) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { rows: some } of train({
    model: 'logreg',
    method: 'adam',
    alpha0: 1e-3,
    beta: 1e-6,
    mu: 0.9,
    weightDecay: 1e-4,
    seed: 1,
    batchSize: 128,
    epochs: 2,
    iterations: 0,
    lossThreshold: 0,
    dataset: mnist,
    engine: onnxEngine(),
    ...options,
  })) {
    rows.push(...some);
    whileRunning?.(rows);
  }
  return rows;
}

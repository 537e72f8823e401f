import { logSoftmax, mul, neg, oneHot, sum, type Scalar, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';

/** Cross-entropy summed over the batch, −Σ log softmax(logits)[label]; logits [batch, classes], labels int32 [batch]. */
export function crossEntropy(logits: Tensor2D, labels: Tensor1D): Scalar {
  const classes = logits.shape[1];
  return neg(sum(mul(oneHot(labels, classes, 1, 0, 'float32'), logSoftmax(logits))));
}

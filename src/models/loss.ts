import {
  customGrad,
  exp,
  logSoftmax,
  mul,
  neg,
  oneHot,
  sub,
  sum,
  type GradSaveFunc,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';

/** Cross-entropy of each image, −log softmax(logits)[label], [batch]; logits [batch, classes], labels int32 [batch]. */
export function crossEntropies(logits: Tensor2D, labels: Tensor1D): Tensor1D {
  return neg(sum(mul(hot(labels, logits), logSoftmax(logits)), -1));
}

/**
 * Their sum. Its gradient is softmax(logits) − onehot(labels), which takes fewer operations than tfjs would find by
 * itself.
 */
export function totalCrossEntropy(logits: Tensor2D, labels: Tensor1D): Scalar {
  const target = hot(labels, logits);
  const total = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [x, save] = args as [Tensor2D, GradSaveFunc];
    const logProbabilities = logSoftmax(x);
    save([logProbabilities, target]);
    return {
      value: neg(sum<Scalar>(mul(target, logProbabilities))),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [logP, one] = saved as [Tensor2D, Tensor2D];
        // In the order of PyTorch, whose gradient of the mean comes in before the difference is taken.
        return sub(mul(exp(logP), dy), mul(one, dy));
      },
    };
  });
  return total(logits);
}

function hot(labels: Tensor1D, logits: Tensor2D): Tensor2D {
  return oneHot(labels, logits.shape[1], 1, 0, 'float32') as Tensor2D;
}

import * as tf from '@tensorflow/tfjs';

/**
 * Trains logistic regression from zero on digits.
 * @param {Uint8Array} pixels 0..255, shape [count, 784]
 * @param {Uint8Array} labels 0..9, shape [count]
 */
export async function train(optimizer, pixels, labels) {
  const x = tf.tensor2d(Float32Array.from(pixels), [labels.length, 784]).div(255);
  const y = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 10);
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 10, inputShape: [784], activation: 'softmax', kernelInitializer: 'zeros' }));
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const { history } = await model.fit(x, y, { epochs: 5, batchSize: 50, shuffle: false, verbose: 0 });
  return { model, loss: history.loss, accuracy: history.acc, rate: await optimizer.readLearningRate() };
}

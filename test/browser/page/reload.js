import * as tf from '@tensorflow/tfjs';
import 'hypergrad';

/** The optimizer of the model that the other page saved; nothing but the import above makes it known here. */
window.reload = async (backend) => {
  await tf.setBackend(backend);
  const { optimizer } = await tf.loadLayersModel('localstorage://digits');
  return { name: optimizer.getClassName(), rate: await optimizer.readLearningRate() };
};

import * as tf from '@tensorflow/tfjs';
import { AdamHD } from 'hypergrad';
import { train } from './train.js';

async function bytes(path) {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

window.trainOn = async (backend, options) => {
  if (!(await tf.setBackend(backend))) return null;
  const optimizer = new AdamHD(options);
  const { model, ...figures } = await train(optimizer, await bytes('pixels.bin'), await bytes('labels.bin'));
  await model.save('localstorage://digits', { includeOptimizer: true });
  return figures;
};

import { agreesWithOnnx, hasCardFor } from './agrees.js';

agreesWithOnnx('tfjs-node-gpu', await hasCardFor('tfjs-node-gpu'));

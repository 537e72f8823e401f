import { agreesWithOnnx, hasCardFor } from './agrees.js';

agreesWithOnnx('onnx-cuda', await hasCardFor('onnx-cuda'));

import { agreesWithOnnx, hasCardFor } from './agrees.js';

// On a card; conformance.test.ts has the software driver.
agreesWithOnnx('webgpu', await hasCardFor('webgpu'));

import { findBinding } from '../../src/engine/tfjs/binding.js';
import { agreesWithOnnx } from './agrees.js';

// npx hypergrad setup tfjs-node makes it ready; scripts/tfjs_node.sh does so, and comes here.
agreesWithOnnx('tfjs-node', findBinding('tfjs-node') !== undefined);

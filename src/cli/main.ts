#!/usr/bin/env node
import { refuseOldNode, tellFailure } from './failure.js';
import { hearSignals } from './interrupt.js';
import { bearLostTalk } from './output.js';

// What stands here and is imported above runs on Node.js 16 too, to say what is lacking. Signals are heard before the
// rest is loaded, which takes a good part of a second.
bearLostTalk();
process.on('uncaughtException', (error) => {
  tellFailure(error);
  process.exit();
});
try {
  refuseOldNode(process.versions.node);
  hearSignals();
  const { run } = await import('./program.js');
  await run();
} catch (error) {
  tellFailure(error);
}

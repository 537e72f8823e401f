#!/usr/bin/env node
import { hearSignals } from './interrupt.js';

// Signals are heard before the rest is loaded, which takes a good part of a second.
hearSignals();
const { run } = await import('./program.js');
await run();

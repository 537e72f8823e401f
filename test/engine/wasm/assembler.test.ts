import { expect, it } from 'vitest';
import { count, i32, Module, Routine, v128, type Local } from '../../../src/engine/wasm/assembler.js';

/** Runs a module's function `f` on a page of memory. */
async function ran(module: Module, constants: Parameters<Module['encode']>[0] = []): Promise<DataView> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { instance } = await WebAssembly.instantiate(module.encode(constants, 1), { env: { memory } });
  (instance.exports.f as () => void)();
  return new DataView(memory.buffer);
}

it('encodes numbers at the borders of their lengths', async () => {
  const numbers = [0, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 2 ** 31 - 1, -(2 ** 31)];
  const routine = new Routine([]);
  // At offsets that take one byte and two.
  routine.body = numbers.map((number, i) => i32.store(i32.const(0), i32.const(number), 40 * i));
  const module = new Module();
  module.add(routine, 'f');
  const memory = await ran(module);
  expect(numbers.map((_, i) => memory.getInt32(40 * i, true))).toEqual(numbers);
});

it('encodes the smallest module as the specification has it', () => {
  const routine = new Routine(['i32', 'v128'], 'i32');
  routine.local('v128');
  routine.body = i32.const(5);
  const module = new Module();
  module.add(routine, 'f');
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const type = [1, 7, 1, 0x60, 2, 0x7f, 0x7b, 1, 0x7f];
  const memory = [2, 16, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 9];
  const functions = [3, 2, 1, 0];
  const exported = [7, 5, 1, 1, 0x66, 0, 0];
  const code = [10, 8, 1, 6, 1, 1, 0x7b, 0x41, 5, 0x0b];
  const data = [11, 8, 1, 0, 0x41, 16, 0x0b, 2, 7, 9];
  const bytes = module.encode([{ place: 16, bytes: Uint8Array.of(7, 9) }], 9);
  expect([...bytes]).toEqual([...magic, ...type, ...memory, ...functions, ...exported, ...code, ...data]);
});

it('calls functions, counts, and does nothing where there is nothing to count', async () => {
  const module = new Module();
  const double = new Routine(['i32'], 'i32');
  double.body = i32.add(double.parameters[0]!.get, double.parameters[0]!.get);
  const call = module.add(double);
  const routine = new Routine([]);
  const [i, none] = [routine.local('i32'), routine.local('i32')] as [Local, Local];
  routine.body = [
    count(i, i32.const(12), 4, i32.store(i.get, call(i32.add(i.get, i32.load(i32.const(64)))))),
    count(none, i32.const(0), 4, i32.store(none.get, i32.const(-1))),
    v128.store(i32.const(16), v128.shuffle(v128.load(i32.const(0)), v128.load(i32.const(64)), [4, 2, 1, 0])),
  ];
  module.add(routine, 'f');
  const memory = await ran(module, [{ place: 64, bytes: Uint8Array.of(100) }]);
  expect([0, 4, 8].map((at) => memory.getInt32(at, true))).toEqual([200, 208, 216]);
  expect([16, 20, 24, 28].map((at) => memory.getInt32(at, true))).toEqual([100, 216, 208, 200]);
});

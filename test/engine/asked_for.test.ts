import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program } from '../../src/engine/program.js';
import { syntheticCifar10 } from '../../src/data/synthetic.js';
import { vggModel } from '../../src/models/vgg.js';
import { updateRule } from '../../src/methods/rule.js';
import { publishedMethods } from '../../src/methods/table.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { filesBelow, hypergrad, withoutTimes } from '../cli/hypergrad.js';
import { batchSize, narrowMlp, narrowVgg, randomDataset, rounding, steps, trained, worst } from './trained.js';

// Holds an engine that not every machine has against the one that comes along. scripts/gpu.sh and scripts/tfjs_node.sh ask
// for each that they set up, one in a process; where it is not ready, the tests fail.
const engine = process.env.HYPERGRAD_TEST_ENGINE as EngineName;

describe.skipIf(engine === undefined)(`the engine that HYPERGRAD_TEST_ENGINE names: ${engine}`, () => {
  it.each(publishedMethods)('is the same as the onnx engine, to float32 rounding: %s', async (method) => {
    await agree('narrow mlp', narrowMlp, method, rounding);
  });

  // Winograd products round two to five times as much as a direct convolution.
  it.each(publishedMethods)('is the same on a narrow VGG: %s', async (method) => {
    await agree('narrow vgg', narrowVgg, method, 2 * rounding);
  });

  // A sum of 100,000 numbers, one added after the other, loses two digits: of a convolution's gradient, of batch norm's means.
  it("has float32's digits in the gradients of large images", { timeout: 300_000 }, async () => {
    const model = vggModel({ layers: [8, 'pool', 16, 'pool', 16, 'pool', 16, 'pool', 16, 'pool'], batchNorm: true, hidden: 16 }); // prettier-ignore
    const samples = 512;
    const dataset = syntheticCifar10({ seed: 5, train: samples, test: 10 });
    const source = mt19937(5);
    const masks = Object.fromEntries(
      Object.entries(model.masks ?? {}).map(([name, [size = 0]]) => [
        name,
        Uint8Array.from({ length: samples * size }, () => source.next() & 1),
      ]),
    );
    const gradients = async (name: EngineName) => {
      const rule = updateRule('sgd_hd', { alpha0: 0.001, beta: 1e-3, mu: 0, weightDecay: 0 });
      const runner = await (
        await createEngine(name, { threads: 1, device: 0 })
      ).start(program({ dataset, model, rule, variables: model.init(mt19937(1)), batchSizes: [samples] }));
      const rows = Int32Array.from({ length: samples }, (_, i) => i);
      await runner.train({ rows, batchSize: samples, images: dataset.train.images, masks });
      const state = await runner.state();
      await runner.dispose();
      return Object.entries(state).filter(([path]) => path.startsWith('rule/q/'));
    };
    const [own, onnx] = [await gradients(engine), new Map(await gradients('onnx'))];
    expect(own.length).toBeGreaterThan(10);
    const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
    for (const [path, { values }] of own) {
      const expected = onnx.get(path)!.values;
      const difference = values.map((value, i) => value - expected[i]!);
      // A convolution's bias has none before a batch norm.
      expect(norm(difference), path).toBeLessThanOrEqual(rounding * norm(expected));
    }
  });

  it('keeps its tensors and its memory over 500 steps', async () => {
    const runner = await (
      await createEngine(engine, { threads: 1, device: 0 })
    ).start(
      program({
        dataset: randomDataset([6, 6]),
        model: narrowMlp,
        rule: updateRule('adam_hd', { alpha0: 0.001, beta: 1e-7, mu: 0.9, weightDecay: 1e-4 }),
        variables: narrowMlp.init(mt19937(1)),
        batchSizes: [batchSize],
      }),
    );
    const rows = Int32Array.from({ length: 10 * batchSize }, (_, i) => i);
    for (let i = 0; i < 10; i++) await runner.train({ rows, batchSize });
    const [tensors, resident] = [memory().numTensors, process.memoryUsage.rss()];
    for (let i = 0; i < 50; i++) await runner.train({ rows, batchSize });
    expect(memory().numTensors).toBe(tensors);
    // Node itself takes some on between two collections; a leak of the smallest tensors of a step would be as much.
    expect(process.memoryUsage.rss() - resident).toBeLessThan(60e6);
    await runner.dispose();
  });

  // α's moves are of a thousandth of float32's resolution at α: they are lost where α is held in float32, and the low
  // part of their sum is none where a compiler takes the sum to be associative.
  it.each(['sgd_hd', 'adam_hd'] as const)('keeps α beyond float32: %s', async (method) => {
    const of = (name: EngineName) => trained(name, narrowMlp, method, undefined, 1e-12);
    const [own, onnx] = [await of(engine), await of('onnx')];
    const moves = ({ alpha }: typeof own) => alpha.map((value) => value - 0.01);
    expect(Math.max(...moves(onnx).map(Math.abs))).toBeLessThan(1e-10);
    // A float64 α of 0.01 is itself rounded to 2e-18.
    expect(worst(moves(own), moves(onnx))).toBeLessThan(1e-4);
    expect(own.state['rule/drift/low']?.values[0]).not.toBe(0);
  });

  it('tells its progress, stops on Ctrl-C, and goes on from there', { timeout: 600_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
    const run = (dir: string, args: string[], whileRunning?: Parameters<typeof hypergrad>[1]) =>
      hypergrad(
        ['train', '--method', 'adam_hd', '--beta', '1e-7', '--engine', engine, '--save', '--dir', dir, ...args],
        { cwd: folder, ...whileRunning },
      );
    const stem = join('logreg', '+1e-03_+1e-07', 'adam_hd');
    let sent = false;
    const { code, stderr } = await run('parts', ['--epochs', '0', '--checkpoint', '0.001'], {
      whileRunning(said, kill) {
        if (sent || !/^epoch 1 /m.test(said)) return;
        sent = true;
        kill('SIGINT');
      },
    });
    expect(stderr).toMatch(/^epoch 1 .*loss .*validation .*α .*$/m);
    expect(stderr).toMatch(/Interrupted at iteration \d+\./);
    expect(code).toBe(130);
    expect(filesBelow(join(folder, 'parts'))).toContain(`${stem}.checkpoint.safetensors`);
    expect((await run('parts', ['--epochs', '6', '--resume'])).code).toBe(0);
    expect((await run('whole', ['--epochs', '6'])).code).toBe(0);
    const csv = (dir: string) => join(folder, dir, `${stem}.csv`);
    if (engine === 'tfjs-node') expect(withoutTimes(csv('parts'))).toBe(withoutTimes(csv('whole')));
    // A card may add in another order each time.
    for (const column of ['Loss', 'Alpha']) {
      const [parts, whole] = [columnOf(csv('parts'), column), columnOf(csv('whole'), column)];
      expect(parts).toHaveLength(whole.length);
      expect(worst(parts, whole), column).toBeLessThan(1e-4);
    }
    rmSync(folder, { recursive: true });
  });
});

async function agree(name: string, model: typeof narrowMlp, method: (typeof publishedMethods)[number], most: number) {
  const [own, onnx] = [await trained(engine, model, method), await trained('onnx', model, method)];
  expect(worst(own.loss, onnx.loss), `${name}: loss`).toBeLessThan(most);
  expect(worst(own.alpha, onnx.alpha), `${name}: α`).toBeLessThan(most);
  expect(worst(own.valid.loss, onnx.valid.loss), `${name}: validation`).toBeLessThan(most);
  expect(own.valid.correct).toEqual(onnx.valid.correct);
  expect(Object.keys(own.state)).toEqual(Object.keys(onnx.state));
  for (const [path, { shape }] of Object.entries(own.state)) {
    expect(shape, path).toEqual(onnx.state[path]?.shape);
    // The low part of α's drift is what rounding leaves over: noise by design.
    if (path.endsWith('drift/low')) continue;
    const size = gradientSize(path, onnx.state);
    const [actual, expected] = [own.state, onnx.state].map((state) => timesRoot(path, state));
    expect(worst(actual!, expected!, size), path).toBeLessThan(most);
  }
}

/**
 * What deviations of Adam's m are measured by: the largest root mean square of the gradients that it averages, √(v/(1 − β₂ᵗ)).
 * They have both signs and may all but cancel (of features.8.bias, after 24 steps, the largest m is an eighth of it), and
 * what rounding leaves is of their size, not of the average's: there each engine is 1.3e-5 to 1.5e-5 of the largest m from
 * what float64 gives. A step is made of m/√v.
 */
function gradientSize(path: string, state: Awaited<ReturnType<typeof trained>>['state']): number | undefined {
  const squares = path.includes('/m/') ? state[path.replace('/m/', '/v/')]?.values : undefined;
  return squares && Math.sqrt(Math.max(...squares) / (1 - 0.999 ** steps));
}

/**
 * A state's figures; of Adam's direction q = m/(√v + ε) those of q·√v. Rounding is of the size of a layer's largest gradients, so
 * that q deviates the more, the smaller an element's own are: where they are a tenth (classifier.4.weight, 232), float64 gives
 * a q that is 1.6e-5 of the largest from the engine onnx's, 1.2e-5 from cpu's and 3.4e-6 from tfjs-node's.
 */
function timesRoot(path: string, state: Awaited<ReturnType<typeof trained>>['state']): Float32Array {
  const { values } = state[path]!;
  const squares = path.startsWith('rule/q/') ? state[path.replace('/q/', '/inner/all/v/')]?.values : undefined;
  return squares ? values.map((value, i) => value * Math.sqrt(squares[i]!)) : values;
}

function columnOf(path: string, name: string): number[] {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trim().split('\r\n');
  return lines.map((line) => Number(line.split(',')[header.split(',').indexOf(name)]));
}

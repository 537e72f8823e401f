/*
 * Measures how time and memory grow with the size of mini-batches, the width of the mlp and the length of a run, on one
 * thread and on two, ours in turn with JAX's (scripts/train_jax.py), and draws them: plots/growth.png, and the table as JSON.
 * Adam-HD; each point is a process of its own, three times, of which the quickest counts.
 *
 *     npx tsx scripts/growth.ts --python peers/bin/python --json growth.json
 *     npx tsx scripts/growth.ts --draw growth.json
 *
 * One thread of JAX takes `taskset`, which Linux has.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { Spec } from 'vega';
import { integer } from '../src/cli/arguments.js';
import { loadMnist } from '../src/data/mnist.js';
import { onnxEngine } from '../src/engine/onnx/engine.js';
import { program } from '../src/engine/program.js';
import { updateRule } from '../src/methods/rule.js';
import { initLinear } from '../src/models/linear.js';
import { models } from '../src/models/models.js';
import type { Model } from '../src/models/model.js';
import { exportFigure, type Figure } from '../src/plot/export.js';
import { mt19937 } from '../src/random/mt19937.js';

type Side = 'hypergrad' | 'JAX';
type Axis = 'batchSize' | 'width' | 'steps';

interface Point {
  readonly model: 'logreg' | 'mlp';
  readonly batchSize: number;
  /** Of the hidden layers. */
  readonly width: number;
  /** Of a call of the engine; a point is measured over several. */
  readonly steps: number;
  readonly threads: number;
}

interface Measured extends Point {
  readonly axis: Axis;
  readonly side: Side;
  readonly milliseconds: number;
  readonly megabytes: number;
}

const flags = new Command('npx tsx scripts/growth.ts')
  .option('--python <path>', 'the Python that has JAX', 'python3')
  .option('--json <file>', 'where the table goes', 'growth.json')
  .option('--draw <file>', 'draws this table again, and measures nothing')
  .option('--out <folder>', 'where the figure goes', 'plots')
  .option('--rounds <count>', 'how often each point is measured', integer(1), 3)
  .option('--point <json>', 'measures one point, in a process of its own')
  .parse()
  .opts<{ python: string; json: string; draw?: string; out: string; rounds: number; point?: string }>();

if (flags.point !== undefined) console.log(JSON.stringify(await measure(JSON.parse(flags.point) as Point)));
else if (flags.draw !== undefined) await draw(JSON.parse(readFileSync(flags.draw, 'utf8')) as Measured[]);
else {
  const table = axes().flatMap(({ axis, points }) => points.flatMap((point) => bothSides(axis, point)));
  writeFileSync(flags.json, JSON.stringify(table));
  await draw(table);
}

function axes(): { readonly axis: Axis; readonly points: Point[] }[] {
  const usual = { batchSize: 128, width: 1000, steps: 0 };
  /** About as long in all, whatever a step takes. */
  const enough = (point: Omit<Point, 'steps'>) => {
    const products = point.batchSize * (point.model === 'logreg' ? 8e3 : 784 * point.width + point.width ** 2 + 5e5);
    return { ...point, steps: Math.max(4, Math.min(400, Math.round(1.5e10 / (products + 1e7)))) };
  };
  const threads = [1, 2];
  const batches = [1, 8, 32, 128, 512, 2048, 8192];
  return [
    {
      axis: 'batchSize',
      points: (['logreg', 'mlp'] as const).flatMap((model) =>
        batches.flatMap((batchSize) => threads.map((count) => enough({ ...usual, model, batchSize, threads: count }))),
      ),
    },
    {
      axis: 'width',
      points: [250, 500, 1000, 2000, 4000].flatMap((width) =>
        threads.map((count) => enough({ ...usual, model: 'mlp', width, threads: count })),
      ),
    },
    {
      axis: 'steps',
      points: [100, 1000, 10_000, 40_000].map((steps) => ({ ...usual, model: 'logreg', steps, threads: 1 })),
    },
  ];
}

function bothSides(axis: Axis, point: Point): Measured[] {
  const own = [...process.execArgv, fileURLToPath(import.meta.url), '--point', JSON.stringify(point)];
  const { model, batchSize, steps, threads, width } = point;
  const options = { model, batchSize, steps, width, method: 'adam_hd', calls: 2 };
  const named = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const script = [fileURLToPath(new URL('train_jax.py', import.meta.url)), ...named];
  const jax = threads === 1 ? ['taskset', '-c', '0', flags.python, ...script] : [flags.python, ...script];
  const sides: [Side, string[]][] = [
    ['hypergrad', [process.execPath, ...own]],
    ['JAX', jax],
  ];
  const found = sides.map(([side]) => ({ side, milliseconds: Infinity, megabytes: Infinity }));
  for (let round = 0; round < flags.rounds; round++) {
    for (const [i, [side, [command = '', ...args]]] of sides.entries()) {
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${side} at ${JSON.stringify(point)}: ${stderr}`);
      const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
      const best = found[i]!;
      best.milliseconds = Math.min(best.milliseconds, figures.milliseconds ?? 1000 * figures.secondsPerStep!);
      best.megabytes = Math.min(best.megabytes, figures.megabytes ?? figures.peakMegabytes!);
    }
  }
  const [ours, theirs] = found as [(typeof found)[0], (typeof found)[0]];
  console.error(
    `${axis} ${JSON.stringify(point)}: ${ours.milliseconds.toFixed(3)} ms, ${(ours.milliseconds / theirs.milliseconds).toFixed(2)} of JAX`,
  );
  return found.map((each) => ({ ...point, axis, ...each }));
}

async function measure({ model, batchSize, width, steps, threads }: Point) {
  const { dataset } = loadMnist();
  const source = mt19937(1);
  const rows = Int32Array.from({ length: steps * batchSize }, () => source.next() % dataset.train.count);
  const rule = updateRule('adam_hd', { alpha0: 1e-3, beta: 1e-7, mu: 0.9, weightDecay: 1e-4 });
  const network = model === 'logreg' ? models.logreg : mlpOf(width);
  const variables = network.init(source);
  const runner = await onnxEngine({ threads }).start(
    program({ dataset, model: network, rule, variables, batchSizes: [batchSize] }),
  );
  const times = [];
  for (let call = 0; call < 3; call++) {
    const began = performance.now();
    await runner.train({ rows, batchSize });
    times.push((performance.now() - began) / steps);
  }
  await runner.dispose();
  return { milliseconds: Math.min(...times.slice(1)), megabytes: process.resourceUsage().maxRSS / 1024 };
}

function mlpOf(hidden: number): Model {
  return {
    ...models.mlp,
    init: (source) => ({
      parameters: {
        ...initLinear(source, 'lin1', 28 * 28, hidden),
        ...initLinear(source, 'lin2', hidden, hidden),
        ...initLinear(source, 'lin3', hidden, 10),
      },
      buffers: {},
    }),
  };
}

async function draw(table: readonly Measured[]): Promise<void> {
  const panels: { title: string; axis: Axis; model: Point['model']; y: 'milliseconds' | 'megabytes' }[] = [
    { title: 'logreg: ms a step over the batch size', axis: 'batchSize', model: 'logreg', y: 'milliseconds' },
    { title: 'logreg: peak MB over the batch size', axis: 'batchSize', model: 'logreg', y: 'megabytes' },
    { title: 'mlp: ms a step over the batch size', axis: 'batchSize', model: 'mlp', y: 'milliseconds' },
    { title: 'mlp: peak MB over the batch size', axis: 'batchSize', model: 'mlp', y: 'megabytes' },
    { title: 'mlp: ms a step over the width', axis: 'width', model: 'mlp', y: 'milliseconds' },
    { title: 'mlp: peak MB over the width', axis: 'width', model: 'mlp', y: 'megabytes' },
    { title: 'logreg: ms a step over the steps', axis: 'steps', model: 'logreg', y: 'milliseconds' },
    { title: 'logreg: peak MB over the steps', axis: 'steps', model: 'logreg', y: 'megabytes' },
  ];
  const [width, height] = [330, 210];
  const figure: Figure = {
    ...{ width: 2 * width, height: (panels.length / 2) * height, lineHeight: height },
    parts: panels.map(({ title, axis, model, y }, i) => {
      const rows = table
        .filter((each) => each.axis === axis && each.model === model)
        .map((each) => ({
          ...{ x: each[axis], y: each[y] },
          name: `${each.side}, ${each.threads} thread${each.threads > 1 ? 's' : ''}`,
        }));
      return { x: (i % 2) * width, y: Math.floor(i / 2) * height, spec: panel(title, rows, { width, height }) };
    }),
  };
  for await (const { bytes } of exportFigure(figure, ['png'], console.error)) {
    writeFileSync(`${flags.out}/growth.png`, bytes);
  }
}

function panel(title: string, rows: readonly object[], { width, height }: { width: number; height: number }): Spec {
  const scale = (name: string, range: 'width' | 'height') =>
    ({ name, type: 'log', domain: { data: 'rows', field: name }, range, nice: false }) as const;
  const colours = {
    'hypergrad, 1 thread': '#9ecae1',
    'hypergrad, 2 threads': '#08519c',
    'JAX, 1 thread': '#fdae6b',
    'JAX, 2 threads': '#d94801',
  };
  const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } } as const;
  return {
    ...{ width: width - 100, height: height - 70, padding: { left: 48, right: 32, top: 28, bottom: 42 } },
    title: { text: title, fontSize: 10, anchor: 'start' },
    data: [{ name: 'rows', values: [...rows] }],
    scales: [
      scale('x', 'width'),
      scale('y', 'height'),
      { name: 'colour', type: 'ordinal', domain: Object.keys(colours), range: Object.values(colours) },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', grid: true, tickCount: 4, format: '~s', labelOverlap: true, labelFontSize: 8 },
      { orient: 'left', scale: 'y', grid: true, tickCount: 4, format: '~r', labelOverlap: true, labelFontSize: 8 },
    ],
    legends: [{ stroke: 'colour', orient: 'top-left', labelFontSize: 7, symbolType: 'stroke', rowPadding: 0 }],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'curves', data: 'rows', groupby: 'name' } },
        marks: [
          {
            type: 'line',
            from: { data: 'curves' },
            encode: { enter: { ...place, stroke: { scale: 'colour', field: 'name' }, strokeWidth: { value: 1.5 } } },
          },
          {
            type: 'symbol',
            from: { data: 'curves' },
            encode: { enter: { ...place, fill: { scale: 'colour', field: 'name' }, size: { value: 14 } } },
          },
        ],
      },
    ],
  };
}

import { join } from 'node:path';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { readSweepFile } from '../../src/cli/sweep_file.js';
import { gridOf } from '../../src/cli/sweep_options.js';
import { runsOf } from '../../src/sweep/grid.js';

const path = join(mkdtempSync(join(tmpdir(), 'hypergrad-')), 'sweep.yaml');
const read = (text: string) => {
  writeFileSync(path, text);
  return readSweepFile(path);
};
const lists = (text: string) => read(text).map((grid) => grid.lists);
const runs = (text: string) => runsOf(read(text).map(({ lists, exclude }) => ({ grid: gridOf(lists), exclude })));

const example = `# a comment
epochs: 10
seed: 1..3
grids:
  - method: [sgd, sgd_hd]
    alpha_0: &rates [1e-1, 0.01]
  - method: adam_hd
    alpha_0: *rates
    beta: 1e-7
    clip: [off, 1, null]
    multiplicative: [true, false]
    epochs: 20
    exclude: [{clip: 1, seed: [2, 3]}]
  - paired: {method: [sgd_hd, adam_hd], beta: [1e-3, 1e-7], epochs: [1, 2]}
    include:
      - {method: adam, alpha_0: *rates}
exclude:
  - {seed: 3, alpha_0: 0.1}
`;

describe('the file of a sweep', () => {
  it('holds grids of values, read as on the command line; what stands beside them holds for all', () => {
    const text =
      'epochs: 10\nseed: 1..3\ngrids:\n  - {method: [sgd, adam], clip: [off, 1]}\n  - {epochs: 20, seed: 7}\n';
    expect(read(text)).toEqual([
      { lists: { epochs: [10], seed: [1, 2, 3], method: ['sgd', 'adam'], clip: [undefined, 1] }, exclude: [] },
      { lists: { epochs: [20], seed: [7] }, exclude: [] },
    ]);
    expect(read('method: sgd\n')).toEqual([{ lists: { method: ['sgd'] }, exclude: [] }]);
  });

  it('pairs lists value by value, of all options', () => {
    const text = 'seed: 1..2\npaired:\n  model: [logreg, mlp]\n  epochs: [10, 100]\n  alpha_0: [0.1, 0.01]\n';
    expect(lists(text)).toEqual([
      { seed: [1, 2], model: ['logreg'], epochs: [10], alpha_0: [0.1] },
      { seed: [1, 2], model: ['mlp'], epochs: [100], alpha_0: [0.01] },
    ]);
    // A pair of a grid takes the place of a list beside the grids.
    expect(lists('beta: 1\ngrids:\n  - paired: {beta: [2, 3], mu: [0.8, 0.9]}\n')).toEqual([
      { beta: [2], mu: [0.8] },
      { beta: [3], mu: [0.9] },
    ]);
    expect(lists('paired: {seed: 1..3, beta: [1, 2, 3]}').map(({ seed }) => seed)).toEqual([[1], [2], [3]]);
  });

  it('leaves out what exclude has one of the values of for each option, and adds what include has', () => {
    const grid = 'method: sgd_hd\nalpha_0: [0.1, 0.01]\nseed: 1..3\n';
    const rates = (text: string) => runs(text).map(({ alpha_0, beta, seed }) => [alpha_0, beta, seed]);
    expect(rates(`${grid}exclude:\n  - {alpha_0: 0.1, seed: [2, 3]}\n  - {seed: 1, alpha_0: 0.01}\n`)).toEqual([
      ...[
        [0.1, 1e-6, 1],
        [0.01, 1e-6, 2],
        [0.01, 1e-6, 3],
      ],
    ]);
    // What it adds is as the grid in all else, and is not left out.
    const more = 'exclude:\n  - {seed: [2, 3]}\ninclude:\n  - {alpha_0: 1, beta: 2}\n  - {seed: 9, alpha_0: 0.1}\n';
    expect(rates(grid + more)).toEqual([
      ...[
        [0.1, 1e-6, 1],
        [0.01, 1e-6, 1],
      ],
      ...[
        [1, 2, 1],
        [1, 2, 2],
        [1, 2, 3],
      ],
      [0.1, 1e-6, 9],
    ]);
    const shared =
      'exclude:\n  - {clip: off}\nmethod: sgd_hd\ngrids:\n  - clip: [off, 1, 2]\n    exclude: [{clip: 2}]\n';
    expect(runs(shared).map(({ clip }) => clip)).toEqual([1]);
  });

  it('of more pairs than a sweep has runs is refused before they fill the memory', () => {
    expect(() => read('paired: {seed: 1..99999}\ninclude: [{mu: 1}, {mu: 2}]\n')).toThrow(/more than 100000 runs/);
  });

  it.each([
    ['epochs: 1\nmetod: sgd\n', /sweep\.yaml:2: metod is no option of a sweep \(Did you mean method\?\)$/],
    ['save: true\n', /:1: save is no option of a sweep$/],
    ['grid:\n  - seed: 1\n', /:1: grid is no option of a sweep \(Did you mean grids\?\)$/],
    ['grids:\n  - seed: 1\n  - grids: []\n', /:3: grids is no option/],
    ['seed:\n  - 1\n  - x\n', /:3: seed: 'x' is invalid\. It takes an integer/],
    ['beta: 0x10\n', /:1: beta: '0x10' is invalid\. It takes a number/],
    ['beta: .inf\n', /:1: beta: '\.inf' is invalid/],
    ['beta:\n', /:1: beta: 'off' is invalid/],
    ['multiplicative: yes\n', /:1: multiplicative: 'yes' is invalid\. It takes true or false/],
    ['epochs: [1, 2]\n', /:1: epochs takes one value, not a list/],
    ['seed: []\n', /:1: seed has an empty list/],
    ['seed: [[1]]\n', /:1: seed takes a value or a list of them/],
    ['seed: {a: 1}\n', /:1: seed takes a value or a list of them/],
    ['seed: 5..1\n', /:1: seed: '5\.\.1' is invalid\. A range goes upwards, like 1\.\.5/],
    ['seed: 1\nseed: 2\n', /:2: this is no YAML: Map keys must be unique/],
    ['seed: *a\n', /:1: (this is no YAML: Unresolved alias|there is no &a)/],
    ['grids: 3\n', /:1: grids takes a list of grids/],
    ['grids:\n  - sgd\n', /:2: it takes options by name/],
    ['- seed: 1\n', /:1: it takes options by name/],
    ['', /it takes options by name/],
    ['a: [\n', /no YAML/],
    ['include:\n  - {sed: 1}\n', /:2: sed is no option of a sweep \(Did you mean seed\?\)$/],
    ['seed: 1\nexclud: []\n', /:2: exclud is no option of a sweep \(Did you mean exclude\?\)$/],
    ['exclude: {seed: 1}\n', /:1: exclude takes a list of values by option, like/],
    ['exclude:\n  - {}\n', /:2: exclude takes a list of values by option/],
    ['include:\n  - sgd\n', /:2: it takes options by name/],
    ['include:\n  - exclude: 1\n', /:2: exclude is no option of a sweep$/],
    ['include:\n  - epochs: [1, 2]\n', /:2: epochs takes one value, not a list/],
    ['paired: [1]\n', /:1: paired takes options by name, each with a list/],
    ['paired: {}\n', /:1: paired takes options by name, each with a list/],
    ['paired:\n  seed: [1, 2]\n  beta: [1]\n', /:1: seed and beta are paired, with lists of 2 and 1 values\.$/],
    ['seed: 1\npaired:\n  seed: [1, 2]\n', /:3: seed is paired, and stands beside it, too; it takes one\.$/],
    ['grids:\n  - seed: 1\ninclude:\n  - seed: 2\n', /:3: include stands in one of the grids, not beside them\.$/],
  ])('%j is refused with its line', (text, message) => {
    expect(() => read(text)).toThrow(UsageError);
    expect(() => read(text)).toThrow(message);
  });

  it('may be damaged at will: it is read, or refused in a line', () => {
    const damage = fc.array(fc.tuple(fc.nat(example.length), fc.nat(6), fc.string({ unit: 'binary', maxLength: 3 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (cuts) => {
        const text = cuts.reduce((old, [at, length, put]) => old.slice(0, at) + put + old.slice(at + length), example);
        try {
          expect(runs(text).length).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toContain('\n');
        }
      }),
      { numRuns: Number(process.env.HYPERGRAD_DAMAGES ?? 2000) },
    );
  });
});

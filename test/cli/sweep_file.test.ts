import { join } from 'node:path';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { readSweepFile } from '../../src/cli/sweep_file.js';

const path = join(mkdtempSync(join(tmpdir(), 'hypergrad-')), 'sweep.yaml');
const read = (text: string) => {
  writeFileSync(path, text);
  return readSweepFile(path);
};

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
`;

describe('the file of a sweep', () => {
  it('holds grids of values, read as on the command line; what stands beside them holds for all', () => {
    const seed = [1, 2, 3];
    expect(read(example)).toEqual([
      { epochs: [10], seed, method: ['sgd', 'sgd_hd'], alpha_0: [0.1, 0.01] },
      {
        ...{ epochs: [20], seed, method: ['adam_hd'], alpha_0: [0.1, 0.01], beta: [1e-7] },
        ...{ clip: [undefined, 1, undefined], multiplicative: [true, false] },
      },
    ]);
    expect(read('method: sgd\n')).toEqual([{ method: ['sgd'] }]);
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
          expect(read(text).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toContain('\n');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

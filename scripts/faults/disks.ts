import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, hypergrad, main, withoutTimes, type Finished } from '../../test/cli/hypergrad.js';
import { put } from '../../test/data/cifar10_files.js';
import { tinyMnist } from '../../test/data/tiny_mnist.js';
import { syntheticCsv, writeCsv } from '../../test/synthetic.js';
import { chance, type Chance } from './chance.js';
import type { PartOptions } from './part.js';
import { misconduct, shortfall } from './said.js';

/**
 * Disks that are full, read-only or gone, and outputs that nobody takes: a word or none, as it befits, nothing torn, and
 * what was whole stays so. Needs a file system of its own, which only Linux gives to anybody: `unshare -rm`.
 */
export async function disks({ count, seed, folder, tally }: PartOptions): Promise<void> {
  if (spawnSync('unshare', ['-rm', 'true']).status !== 0) {
    console.log('disks: skipped; this machine does not allow unshare -rm, which a file system of its own takes');
    return;
  }
  const random = chance(seed);
  const rows = await prepare(folder);
  for (let index = 0; index < count; index++) {
    const kind = random.one(kinds);
    const here = mkdtempSync(join(folder, 'here-'));
    const disk = join(here, 'disk');
    mkdirSync(disk);
    const { script, judge, given } = cases[kind]({ here, disk, folder, random, rows });
    const ended = await sh(script, here);
    tally.tried(kind);
    const fault = judge(ended);
    if (fault !== undefined)
      tally.short(shortfall(`${index} (${kind}): ${fault}`, given, { ...ended, code: ended.code ?? undefined }));
    rmSync(here, { recursive: true, force: true });
  }
}

interface Room {
  /** Where the script leaves what is judged; `disk`, in it, is empty: to mount on. */
  readonly here: string;
  readonly disk: string;
  readonly folder: string;
  readonly random: Chance;
  /** Those of a run that nobody disturbed, but for their times. */
  readonly rows: string;
}

interface Case {
  /** Bash, in which `hypergrad` is the program. */
  readonly script: string;
  /** What stands in the report. */
  readonly given: string;
  readonly judge: (ended: Finished) => string | undefined;
}

const stem = 'logreg/+1e-03_+1e-07/adam_hd';
const train = 'train --method adam_hd --beta 1e-7 --batchSize 8 --epochs 0 --iterations 1500 --save';

async function prepare(folder: string): Promise<string> {
  put(join(folder, 'data'), tinyMnist(400, 50));
  for (const method of ['adam', 'sgd_hd'])
    writeCsv(join(folder, 'results'), `mlp/+1e-03_+1e-07/${method}.csv`, syntheticCsv());
  const alone = join(folder, 'alone');
  const { code, stderr } = await hypergrad([...train.split(' '), '--data', join(folder, 'data'), '--dir', alone]);
  if (code !== 0) throw new Error(stderr);
  return withoutTimes(join(alone, `${stem}.csv`));
}

/** In mounts of its own, so that nothing outside sees them. */
function sh(script: string, cwd: string): Promise<Finished> {
  const path = join(cwd, 'script');
  writeFileSync(path, `set -o pipefail; hypergrad() { '${process.execPath}' '${main}' "$@"; }\n${script}\n`);
  const { status, stdout, stderr } = spawnSync('unshare', ['-rm', 'bash', path], {
    cwd,
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  return Promise.resolve({ code: status, stdout, stderr });
}

/** Whether the run has been brought to its end, and nothing lies about. */
function finished(here: string, rows: string): string | undefined {
  const csv = join(here, 'kept', `${stem}.csv`);
  if (!existsSync(csv)) return `there is no result: ${filesBelow(here).join(', ')}`;
  if (withoutTimes(csv) !== rows) return 'the rows are others';
  const astray = filesBelow(join(here, 'kept')).filter((path) => !/adam_hd\.(csv|json)$/.test(path));
  return astray.length > 0 ? `it left ${astray.join(', ')}` : undefined;
}

/** How the command in the middle of a script ended: its code is on standard output, behind all else. */
function ending(ended: Finished, codes: readonly number[]): string | undefined {
  const code = Number(/^code (\d+)$/m.exec(ended.stdout)?.[1]);
  if (!codes.includes(code)) return `exit code ${code}, expected ${codes.join(' or ')}`;
  return misconduct({ code, stdout: '', stderr: ended.stderr });
}

const cases = {
  'a full disk, while training'({ here, disk, folder, random, rows }: Room): Case {
    const size = 4 * (1 + random.below(80));
    const checkpoint = random.one(['0', '0.0001', '0.01', '5']);
    const command = `${train} --data ${folder}/data --dir ${disk}/results --checkpoint ${checkpoint}${random.seldom(3) ? ' --keepModel' : ''}`;
    return {
      given: `${size} KiB: ${command.replace(folder, '…')}`,
      script: `
        mount -t tmpfs -o size=${size}k none ${disk}
        hypergrad ${command} >out; echo "code $?"
        find ${disk} -name '*.partial' | grep csv.partial$ | xargs -r tail -qc 1 | tr '\\n' E
        find ${disk} -name '*.tmp' -o -name '*.lock' | sed 's/^/astray /'
        mount -o remount,size=20m none ${disk}
        hypergrad ${command} --resume 2>again; echo "then $?"; cp -r ${disk}/results kept; rm -f kept/*/*/*.safetensors`,
      judge: (ended) => {
        if (!/then 0$/m.test(ended.stdout)) return `it cannot be gone on with: ${ended.stdout}`;
        if (ended.stdout.includes('astray')) return ended.stdout;
        return ending(ended, [0, 1]) ?? finished(here, rows);
      },
    };
  },

  'a full disk, for figures and pages'({ disk, folder, random }: Room): Case {
    const size = 4 * (1 + random.below(30));
    const command = random.one([
      `plot --dir ${folder}/results --plotDir ${disk} --format ${random.one(['svg', 'pdf', 'png', 'pdf,svg,png'])}`,
      `report --dir ${folder}/results --out ${disk}/report.html`,
      `compare ${folder}/results ${folder}/results --plotDir ${disk} --format svg`,
    ]);
    return {
      given: `${size} KiB: ${command.replaceAll(folder, '…')}`,
      script: `
        mount -t tmpfs -o size=20m none ${disk}; hypergrad ${command} >out || exit 9
        mkdir earlier; cp ${disk}/* earlier/
        used=$(du -sk ${disk} | cut -f1); mount -o remount,size=$((used + ${size}))k none ${disk}
        hypergrad ${command} >out; echo "code $?"
        for each in earlier/*; do cmp -s $each ${disk}/$(basename $each) || [ $(stat -c %s $each) = $(stat -c %s ${disk}/$(basename $each)) ] || echo torn; done
        find ${disk} -name '*.tmp'`,
      judge: (ended) => (/torn|tmp/.test(ended.stdout) ? ended.stdout : ending(ended, [0, 1])),
    };
  },

  'a full disk, for standard output'({ disk, folder, random }: Room): Case {
    const size = 4 * random.below(3);
    const command = random.one([
      `compare ${folder}/results ${folder}/results --json`,
      `compare published published --json`,
      'train --help',
      'data',
    ]);
    return {
      given: `${size} KiB: ${command.replaceAll(folder, '…')}`,
      script: `
        mount -t tmpfs -o size=${size + 4}k none ${disk}; head -c ${size + 4}k /dev/zero >${disk}/full; truncate -s ${size}k ${disk}/full
        hypergrad ${command} >${disk}/out; code=$?; hypergrad ${command} >whole
        cmp -s whole ${disk}/out && [ $code = 0 ] && code=1; cmp -s whole ${disk}/out || [ $code != 0 ] || echo torn; echo "code $code"`,
      judge: (ended) => (ended.stdout.includes('torn') ? 'a torn file, and exit code 0' : ending(ended, [1])),
    };
  },

  'a folder that is read-only'({ disk, folder, random }: Room): Case {
    const command = random.one([
      `${train} --data ${folder}/data --dir ${disk}/results`,
      `plot --dir ${folder}/results --plotDir ${disk}/plots --format svg`,
      `plot --dir ${folder}/results --plotDir ${disk} --format pdf`,
      `report --dir ${folder}/results --out ${disk}/report.html`,
      `report --dir ${folder}/results --out ${disk}/new/report.html`,
      `compare ${folder}/results ${folder}/results --plotDir ${disk}/x --format svg`,
      `data cifar10 --url http://127.0.0.1:9 --data ${disk}/data`,
    ]);
    return {
      given: command.replaceAll(folder, '…'),
      script: `mount -t tmpfs -o ro none ${disk}; hypergrad ${command} >out; echo "code $?"; [ -s out ] && echo torn`,
      judge: (ended) => (ended.stdout.includes('torn') ? 'data on standard output' : ending(ended, [2])),
    };
  },

  'results that are moved or removed while they are written'({ here, folder, random, rows }: Room): Case {
    const what = random.one([
      'results',
      `results/logreg`,
      `results/${stem}.csv.partial`,
      `results/logreg/+1e-03_+1e-07`,
    ]);
    const how = random.one([
      `rm -rf ${what}`,
      `mv ${what} away`,
      `mv ${what} away; rm -rf away`,
      `mkdir x; mv ${what} x/`,
    ]);
    const wait = random.below(20);
    const command = `${train.replace('1500', '6000')} --data ${folder}/data --dir results --checkpoint 0.0005`;
    const again = command.replace('6000', '1500');
    return {
      given: `${how}, after ${wait} × 50 ms`,
      script: `
        hypergrad ${command} >out & run=$!
        for i in {1..200}; do [ -s results/${stem}.csv.partial ] && break; sleep 0.05; done
        for ((i = 0; i < ${wait}; i++)); do sleep 0.05; done
        { ${how}; } 2>/dev/null; wait $run; code=$?; echo "code $code"
        rm -rf away x; cat results/${stem}.csv >/dev/null 2>&1 && [ $code != 0 ] && echo both
        if [ $code = 0 ]; then rm -rf results; else hypergrad ${command} --resume 2>again || { echo "then $?"; cat again; }; fi
        rm -rf results; hypergrad ${again} 2>again; cp -r results kept`,
      judge: (ended) => {
        if (ended.stdout.includes('then')) return `it cannot be gone on with: ${ended.stdout}`;
        return ending(ended, [0, 1, 2]) ?? finished(here, rows);
      },
    };
  },

  'a reader that goes, or a device that is full'({ here, folder, random, rows }: Room): Case {
    const where = random.one([
      '2>/dev/full',
      '2>&-',
      '2>&1 | true',
      '2>&1 | head -1 >first',
      '>/dev/full',
      '>&-',
      '</dev/null 2>/dev/full >/dev/full',
    ]);
    return {
      given: where,
      script: `hypergrad ${train} --data ${folder}/data --dir kept ${where}; true`,
      judge: (ended) => misconduct({ code: 0, stdout: '', stderr: ended.stderr }) ?? finished(here, rows),
    };
  },
} as const satisfies Record<string, (room: Room) => Case>;

type Kind = keyof typeof cases;
const kinds = Object.keys(cases) as Kind[];

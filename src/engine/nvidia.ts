import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { UsageError } from '../errors.js';
import { shown } from '../text.js';

/** A graphics card, as nvidia-smi lists it. */
export interface Card {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  /** Bytes of its memory. */
  readonly memory: number;
}

/** What the scheduler or the user lets this program see, before an engine narrows it to one card. */
const givenCards = process.env.CUDA_VISIBLE_DEVICES;

/**
 * The card that CUDA is to see, as CUDA_VISIBLE_DEVICES names it: the one of an index among those that are given to this
 * program.
 *
 * @throws UsageError where so many are not given.
 */
export function visibleCard(device: number, given = givenCards): string {
  if (given === undefined) return String(device);
  const ids = given.split(',').map((id) => id.trim());
  // CUDA reads the list as far as its first id that is none.
  const end = ids.findIndex((id) => id === '' || id.startsWith('-'));
  const seen = end < 0 ? ids : ids.slice(0, end);
  const chosen = seen[device];
  if (chosen !== undefined) return chosen;
  const indices =
    seen.length === 0 ? 'none' : seen.length === 1 ? 'one, --device 0' : `--device 0 to ${seen.length - 1}`;
  throw new UsageError(
    `--device ${device}: of the GPUs this program is given ${indices} (CUDA_VISIBLE_DEVICES=${shown(given, 200)}).`,
  );
}

/** The cards that nvidia-smi lists; none where it is absent, or finds no driver. */
export function nvidiaCards(): Card[] {
  const lines = nvidiaSmi('index,uuid,name,memory.total');
  return lines.map((line) => {
    const [index = '', uuid = '', name = '', mebibytes = ''] = line.split(',').map((field) => field.trim());
    return { index: Number(index), uuid, name, memory: Number(mebibytes) * 2 ** 20 };
  });
}

/** The card of an index, among those that this program is given; undefined where nvidia-smi does not tell. */
export function nvidiaCard(device: number): Card | undefined {
  const id = visibleCard(device);
  return nvidiaCards().find(({ index, uuid }) => id === String(index) || uuid.startsWith(id));
}

/**
 * Tells NVIDIA's libraries, before they are loaded, whether products may be rounded to TF32: from Ampere on that is what
 * TensorFlow and ONNX Runtime ask for, is fast, and costs three digits. The variable forbids it by 0; no other value has a
 * meaning.
 */
export function chooseTf32(tf32 = false): void {
  if (tf32) delete process.env.NVIDIA_TF32_OVERRIDE;
  else process.env.NVIDIA_TF32_OVERRIDE = '0';
}

/** The oldest driver that a version of CUDA works with, by CUDA's major version. */
const oldestDrivers: Readonly<Record<number, number>> = { 11: 450, 12: 525, 13: 580 };

/** What the driver lacks for a version of CUDA such as '12.5', with the way out; undefined where it lacks nothing. */
export function driverFault(cuda: string): string | undefined {
  const version = driverVersion();
  if (version === undefined) {
    if (hasDriverLibrary()) return undefined;
    return (
      "there is no driver of NVIDIA's here (libcuda.so.1 is not found). Install it with the system's packages: " +
      'sudo ubuntu-drivers install on Ubuntu, sudo apt-get install nvidia-driver on Debian; a container needs --gpus all'
    );
  }
  const oldest = oldestDrivers[parseInt(cuda)] ?? 0;
  if (parseInt(version) >= oldest) return undefined;
  return (
    `NVIDIA's driver ${version} is too old for CUDA ${cuda}, which needs ${oldest} or later. ` +
    "Install a newer one with the system's packages: sudo ubuntu-drivers install on Ubuntu, " +
    'sudo apt-get install nvidia-driver on Debian'
  );
}

function driverVersion(): string | undefined {
  try {
    const [version] = /(?<=\s)\d+\.\d+(\.\d+)?(?=\s)/.exec(readFileSync('/proc/driver/nvidia/version', 'utf8')) ?? [];
    if (version !== undefined) return version;
  } catch {
    // Windows' Linux has no such file.
  }
  return nvidiaSmi('driver_version')[0];
}

function nvidiaSmi(fields: string): string[] {
  const { stdout, status } = spawnSync('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader,nounits'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return status === 0 ? stdout.trim().split('\n').filter(Boolean) : [];
}

function hasDriverLibrary(): boolean {
  try {
    process.dlopen({ exports: {} }, 'libcuda.so.1', constants.dlopen.RTLD_LAZY);
    return true;
  } catch (error) {
    // It is no module of Node, which is said of it once it has been loaded.
    return (error as Error).message.includes('self-register');
  }
}

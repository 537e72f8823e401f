import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../errors.js';
import type { EngineName } from './engines.js';

/** What came of trying an engine. */
export interface Tried {
  /** Its packages, with their versions; null where it could not be made. */
  readonly version: string | null;
  /** What is missing or wrong, with the way out; null where it is ready. */
  readonly fault: string | null;
  /** What it computes on. */
  readonly device: string | null;
  /** Bytes of that device's memory, where they can be told. */
  readonly memory: number | null;
}

export interface EngineStatus extends Tried {
  readonly name: EngineName;
  readonly ready: boolean;
}

export interface StatusOptions {
  /** Index of the GPU. */
  readonly device?: number;
  /** The environment of the process that tries it. */
  readonly env?: NodeJS.ProcessEnv;
  /** Seconds that it may take: by default as long as the first shaders of a driver may; what takes longer hangs. */
  readonly longest?: number;
}

/** Whether an engine can be used here: a process of its own trains two steps on it. */
export async function engineStatus(
  name: EngineName,
  { device = 0, env, longest = 120 }: StatusOptions = {},
): Promise<EngineStatus> {
  const child = fork(fileURLToPath(new URL('./probe.js', import.meta.url)), [name, String(device)], {
    env: env ?? process.env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: 1000 * longest,
    killSignal: 'SIGKILL',
  });
  const tried = await new Promise<Tried>((resolve, reject) => {
    child.on('message', (message: Tried) => resolve(message));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const ends = child.killed ? `does not answer in ${longest} s` : 'ends the process that tries it';
      const fault = `the engine ${name} ${ends} (${signal ?? `exit code ${code}`})`;
      resolve({ version: null, fault, device: null, memory: null });
    });
  });
  return { name, ready: tried.fault === null, ...tried };
}

/** @throws UsageError where an engine cannot be used here. */
export async function refuseUnready(name: EngineName, device: number): Promise<void> {
  const { fault } = await engineStatus(name, { device });
  if (fault !== null) throw new UsageError(fault);
}

/** The engines of graphics cards, the likely fastest first. */
const gpuEngines = ['onnx-cuda', 'tfjs-node-gpu', 'webgpu'] as const satisfies readonly EngineName[];

/** The first engine of a graphics card that is ready; each is tried once. @throws UsageError where none is. */
export function readyGpuEngine(device: number): Promise<EngineName> {
  const found = ready.get(device) ?? findReady(device);
  ready.set(device, found);
  return found;
}

const ready = new Map<number, Promise<EngineName>>();

async function findReady(device: number): Promise<EngineName> {
  const faults: string[] = [];
  for (const name of gpuEngines) {
    const { fault } = await engineStatus(name, { device });
    if (fault === null) return name;
    faults.push(fault);
  }
  throw new UsageError(`--gpu: no graphics card can be used here. ${faults.map((fault) => sentence(fault)).join(' ')}`);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}

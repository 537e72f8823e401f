import { RunFailure, UsageError } from '../errors.js';
import { shown } from '../text.js';
import { say } from './output.js';

/** The oldest major version of Node.js that runs the program; package.json names those that it is tried with. */
const oldestNode = 20;

/**
 * Whether this Node.js can run the program at all.
 *
 * @throws UsageError where it is too old.
 */
export function refuseOldNode(version: string): void {
  if (parseInt(version) >= oldestNode) return;
  throw new UsageError(
    `hypergrad needs Node.js ${oldestNode} or later, and this is ${version}. Install a newer one: https://nodejs.org.`,
  );
}

/** Says in one line why the command failed, and sets the exit code: 2 for a user's mistake, 1 for a failure. A bug keeps its stack. */
export function tellFailure(error: unknown): void {
  const known = knownFailure(error);
  if (known) say(`error: ${lineOf(known)}`);
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = known instanceof UsageError ? 2 : 1;
}

/** A failure that is not a bug of ours, in a line; undefined where it is one. */
export function failureLine(error: unknown): string | undefined {
  const known = knownFailure(error);
  return known && lineOf(known);
}

function knownFailure(error: unknown): UsageError | RunFailure | undefined {
  return error instanceof UsageError || error instanceof RunFailure ? error : machineFault(error);
}

function lineOf({ message }: Error): string {
  return message.split('\n').join(' ');
}

/** What the machine or the installation lacks, with the remedy; undefined where it is something else. */
function machineFault(error: unknown): RunFailure | undefined {
  const { code, message } = detailsOf(error);
  const fault = (text: string) => new RunFailure(text, { cause: error });
  const notFound = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  if (/\b(EMFILE|ENFILE)\b/.test(`${code} ${message}`) || (notFound && fewFilesMayBeOpen())) {
    return fault(
      'Too many files are open for this system. Raise the limit (ulimit -n 4096), then run the command again.',
    );
  }
  if (code === 'ERR_DLOPEN_FAILED' || /\.node'|native binding/i.test(message)) {
    return fault(`${missingLibrary(message)} (${shown(message.split('\n')[0] ?? '')})`);
  }
  if (notFound) {
    return fault(
      `The installation is not whole (${shown(message.split('\n')[0] ?? '')}). Run npm ci where hypergrad is.`,
    );
  }
  if (outOfMemory.test(`${code} ${message}`)) {
    return fault(
      'There is too little memory. Close other programs, or ask for less: a smaller --batchSize, fewer --threads and --workers.',
    );
  }
  return undefined;
}

/**
 * Whether this process may open so few files that Node.js cannot read a package's description, and says
 * instead that there is no such package.
 */
function fewFilesMayBeOpen(): boolean {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  return Number(report.userLimits?.open_files?.soft) < 64;
}

/** Node's words, C++'s, those of threads that cannot be started, and of ONNX Runtime. */
const outOfMemory = new RegExp(
  [
    'ENOMEM|ERR_WORKER_OUT_OF_MEMORY|ERR_WORKER_INIT_FAILED|ERR_MEMORY_ALLOCATION_FAILED|\\bEAGAIN\\b',
    'allocation failed|allocate memory|out of memory|not enough memory|bad_alloc|thread constructor failed',
  ].join('|'),
  'i',
);

function missingLibrary(message: string): string {
  if (/onnx/i.test(message)) {
    return (
      'The native library of ONNX Runtime cannot be loaded here; --engine cpu computes without it, slowly. ' +
      'It is there for Linux with glibc, macOS and Windows; npm ci installs it anew.'
    );
  }
  if (/resvg|native binding/i.test(message)) {
    return 'The native library that draws PNG cannot be loaded here; --format pdf,svg does without it. npm ci installs it anew.';
  }
  return 'A native library cannot be loaded here; npm ci installs it anew.';
}

/** Code and message, those of its causes included. */
function detailsOf(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error.cause === undefined || error.cause === error) return { code, message: error.message };
  const cause = detailsOf(error.cause);
  return { code: code || cause.code, message: `${error.message} ${cause.message}` };
}

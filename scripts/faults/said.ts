import { shown } from '../../src/text.js';
import type { Ended } from './hands.js';

/** A message has room for a path or two and what is to say of them. */
const longest = 11_000;

/**
 * What is wrong with how a command ended, whatever it was given: a stack, a control character, an exit code of no meaning,
 * more than a line of error, data where there are none.
 */
export function misconduct({ code, stdout, stderr }: Ended): string | undefined {
  if (code === undefined) return 'it did not end, or took its process with it';
  if (code > 2) return `exit code ${code}`;
  const lines = stderr.split('\n').slice(0, -1);
  const errors = lines.filter((line) => line.startsWith('error: '));
  if (/^ +at .*[:(]/m.test(stderr) || /\b(Type|Range|Syntax|Reference)Error\b/.test(stderr)) return 'a stack';
  if (invisible.test(stderr.replaceAll('\n', ''))) return 'a raw control character';
  if (stderr !== '' && !stderr.endsWith('\n')) return 'a line without an end';
  if (lines.some((line) => line.length > longest)) return 'a huge message';
  if (/undefined|\[object|NaN is|\bnull\b/.test(errors.join())) return 'a word that is none of ours';
  if (code === 2 && errors.length !== 1) return `${errors.length} lines of error for exit code 2`;
  if (code === 0 && errors.length > 0) return 'an error, and exit code 0';
  if (errors.length > 0 && lines.at(-1) !== errors[0]) return 'more said after the error';
  if (code === 2 && stdout !== '') return 'data on standard output, and exit code 2';
  return undefined;
}

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe]/u;

/** A line of the report: what fell short, of what, and what was said. */
export function shortfall(what: string, given: string, { code, stderr }: Ended): string {
  return `${what}: ${shown(given, 400)} → ${code ?? 'none'}: ${shown(stderr.trim(), 400)}`;
}

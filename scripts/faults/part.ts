/** A part of the harness, which can be run by itself. */
export type Part = (options: PartOptions) => Promise<void>;

export interface PartOptions {
  /** How many faults to try, or a few more. */
  readonly count: number;
  readonly seed: number;
  /** A folder of its own, which goes afterwards. */
  readonly folder: string;
  readonly tally: Tally;
}

/** Counts what is tried, and where it falls short. */
export interface Tally {
  /** Takes note of a fault of some kind that was tried. */
  tried(this: void, kind: string): void;
  /** Takes note of one that fell short: a line, with what repeats it. */
  short(this: void, line: string): void;
}

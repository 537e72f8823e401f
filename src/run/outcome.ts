import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { Reached } from '../results/record.js';
import type { Stretch } from '../training/train.js';
import type { Settings } from './settings.js';

export interface RunOptions {
  readonly settings: Settings;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Ends the run early, with a checkpoint of where it stopped. */
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
}

export interface SavedRunOptions extends RunOptions {
  /** The path of the results file. */
  readonly target: string;
  /** Go on from the last checkpoint; leave a finished run alone. */
  readonly resume: boolean;
  /** Replace whatever is there. */
  readonly overwrite: boolean;
  /** Minutes between checkpoints; 0: none are written. */
  readonly checkpoint: number;
  /** Keep the trained network beside the results. */
  readonly keepModel: boolean;
  /** Leave a run alone that has failed, unless its failure is the one of that time. Default: it is tried again. */
  readonly leaveFailed?: { readonly unless: string | undefined };
}

/** Whoever follows a run. */
export interface RunObserver {
  /** Something to say that stays. */
  line(text: string): void;
  /** The run goes on from where it was. */
  resumed(reached: Reached, seconds: number): void;
  stretch(stretch: Stretch): void;
  checkpointed(seconds: number): void;
}

/** How a run that is kept came to its end. */
export type Outcome =
  | { readonly kind: 'finished'; readonly results: string; readonly model: string | undefined }
  /** It was there: nothing has been done. Results of another program have no record. */
  | { readonly kind: 'already'; readonly results: string; readonly recorded: boolean }
  /** `iteration` is undefined where there was no row to write yet. */
  | {
      readonly kind: 'interrupted';
      readonly iteration: number | undefined;
      readonly partial: string;
      readonly resumable: boolean;
    }
  /** Another process is at it; `why` tells which, and the way out. */
  | { readonly kind: 'held'; readonly why: string };

/** How one of several runs came to its end. */
export type Result =
  | Outcome
  | { readonly kind: 'failed'; readonly error: unknown }
  /** They cannot be trained together: each is to be tried alone, and nothing has been written. */
  | { readonly kind: 'apart' };

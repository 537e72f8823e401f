import { logreg } from './logreg.js';
import { mlp } from './mlp.js';
import type { Model } from './model.js';

/** The models' names, as on the command line and in the results' folders. */
export const models = { logreg, mlp } satisfies Record<string, Model>;
export type ModelName = keyof typeof models;

import { createEngine } from '../engine/engines.js';
import { circumstancesOf, type Circumstances } from '../run/settings.js';
import type { RunOrder } from '../sweep/plan.js';
import type { DatasetTalk } from './dataset.js';
import { keptDatasets } from './kept_datasets.js';

/** What the runs of a sweep are besides their settings; found out once for all that share data and engine. */
export function circumstances(talk: DatasetTalk): (order: RunOrder) => Promise<Circumstances> {
  const datasets = keptDatasets();
  const known = new Map<string, Circumstances>();
  return async (order) => {
    const { model, data, synthetic, seed, reduction, engine, tf32 } = order;
    const key = JSON.stringify([model, data, synthetic && seed, reduction, engine, tf32]);
    const found = known.get(key) ?? circumstancesOf(await datasets(order, talk), await createEngine(engine, order));
    known.set(key, found);
    return found;
  };
}

import type { Model } from '../ir/model.js';
import type { Feature, Located } from './features.js';
import { prune } from './prune.js';

/**
 * Where a decoder could be grafted: at each resolution on the way down, the last tensor that all below it is computed from, shallow
 * to deep. (The last of all may be half of a block: one of two branches that a sum joins further down.) At the deepest one it
 * is the last of those with the most channels, since what narrows there is a decoder or a head already.
 * @param tensors those of the model, in the order in which they are computed
 */
export function lastOnTheWayDown(model: Model, tensors: readonly Located[]): readonly Feature[] {
  const levels: Feature[][] = [];
  let deepest = 0;
  for (const { feature } of tensors) {
    if (feature === undefined || feature.scale < deepest) continue;
    if (feature.scale > deepest) levels.push([]);
    levels.at(-1)?.push(feature);
    deepest = feature.scale;
  }
  const lowest = levels.pop();
  const bottom = lowest?.reduce((widest, each) => (each.channels >= widest.channels ? each : widest));
  if (bottom === undefined) return [];
  const passed = bottlenecks(model, bottom.tensor);
  const above = levels.map((level) => level.findLast(({ tensor }) => passed.has(tensor)) ?? level.at(-1));
  return [...above, bottom].filter((feature) => feature !== undefined);
}

/** The tensors that every way from the inputs of a model to one of its tensors passes through. */
function bottlenecks(model: Model, end: string): ReadonlySet<string> {
  const { nodes, inputs, initializers } = prune(model, [end]).graph;
  const readers = new Map([[end, 1]]);
  const count = (name: string, more: number) => readers.set(name, (readers.get(name) ?? 0) + more);
  for (const name of nodes.flatMap((node) => node.inputs)) count(name, 1);
  // Those computed from an input that are still to be read.
  const held = new Set(inputs.map(({ name }) => name).filter((name) => !initializers.has(name)));
  const passed = new Set<string>();
  for (const node of nodes) {
    const isComputed = node.inputs.some((name) => held.has(name));
    for (const name of node.inputs) {
      count(name, -1);
      if (readers.get(name) === 0) held.delete(name);
    }
    if (!isComputed) continue;
    for (const name of node.outputs) if (readers.has(name)) held.add(name);
    const [only] = held;
    if (held.size === 1 && only !== undefined) passed.add(only);
  }
  return passed;
}

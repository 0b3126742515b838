import type { Model } from '../ir/model.js';
import type { QuantizableLayer } from './layers.js';

/** A model with some of its layers on integers, and what that costs. */
export interface Candidate {
  readonly model: Model;
  readonly loss: number;
}

export interface Search {
  readonly layers: readonly QuantizableLayer[];
  readonly on8Bits: (some: readonly QuantizableLayer[]) => Promise<Candidate>;
  /** With all of them on integers. */
  readonly all: Candidate;
  /** Without any, where that is something. */
  readonly none?: Candidate | undefined;
  readonly budget: number;
  /** Whether to end with what has been found so far. */
  readonly isTimeUp: () => boolean;
}

/** What there was no time for. */
export interface GaveUp {
  /** Layers whose own cost is not known: they stay in float. */
  readonly unmeasured: number;
  /** Layers in float that were not tried on integers again. */
  readonly untried: number;
}

export interface Mixture extends Candidate {
  readonly float: readonly QuantizableLayer[];
  readonly integer: readonly QuantizableLayer[];
  /** What each costs alone, by its name. */
  readonly sensitivities: Readonly<Record<string, number>>;
  readonly gaveUp?: GaveUp;
}

/**
 * The layers on integers, but for those that the budget needs in float: the most sensitive, as few as possible. Once time is up, few
 * more models are tried.
 * @returns undefined where the budget cannot be met
 */
export async function withinBudget(search: Search): Promise<Mixture | undefined> {
  const { layers, on8Bits, all, none, budget, isTimeUp } = search;
  if (all.loss <= budget) return { ...all, integer: layers, float: [], sensitivities: {} };
  const costs = new Map<QuantizableLayer, number>();
  for (const layer of layers) {
    if (isTimeUp()) break;
    costs.set(layer, (await on8Bits([layer])).loss);
  }
  const sensitivities = Object.fromEntries(Array.from(costs, ([{ name }, loss]) => [name, loss]));
  const unmeasured = layers.length - costs.size;
  const gaveUp = (untried: number) => unmeasured + untried > 0 && { gaveUp: { unmeasured, untried } };
  // What was not measured may be what costs most.
  const costOf = (layer: QuantizableLayer) => costs.get(layer) ?? Number.MAX_VALUE;
  const worstFirst = layers.toSorted((a, b) => costOf(b) - costOf(a));
  for (let kept = Math.max(1, unmeasured), step = 1; kept < layers.length; kept += step) {
    const [float, integer] = [worstFirst.slice(0, kept), worstFirst.slice(kept)];
    const candidate = await on8Bits(integer);
    if (candidate.loss <= budget) {
      const { untried, ...found } = await takenBack({ ...candidate, float, integer, sensitivities }, search);
      return { ...found, ...gaveUp(untried) };
    }
    if (isTimeUp()) step *= 2;
  }
  return none && { ...none, integer: [], float: worstFirst, sensitivities, ...gaveUp(0) };
}

/** What one layer costs alone is not what it costs beside others: those that the budget still has room for go back. */
async function takenBack(start: Mixture, { layers, on8Bits, budget, isTimeUp }: Search) {
  // The last was needed; of the others the least sensitive first.
  const left = start.float.slice(0, -1);
  let found = start;
  for (let layer = left.pop(); layer !== undefined; layer = left.pop()) {
    if (isTimeUp()) return { ...found, untried: left.length + 1 };
    const integer = layers.filter((each) => each === layer || found.integer.includes(each));
    const candidate = await on8Bits(integer);
    if (candidate.loss > budget) continue;
    found = { ...found, ...candidate, integer, float: found.float.filter((each) => each !== layer) };
  }
  return { ...found, untried: 0 };
}

import type { Model } from '../model.js';
import { commonSubexpressions } from '../passes/common-subexpressions.js';
import { rewrite } from '../rewrite.js';
import { type CalibrationMethod, calibrate, type RunEach } from './calibrate.js';
import { type QuantizableLayer, quantizableLayers } from './layers.js';
import { type QuantizedWeights, quantizeConvolutions } from './quantize-convolutions.js';

/** The first opset with one scale a channel. */
export const INT8_OPSET = 13;

export interface QuantizeOptions {
  readonly method: CalibrationMethod;
  /** What quantisation may cost, in the unit of `lossOf`. */
  readonly budget: number;
  readonly runEach: RunEach;
  /** How much worse a model is than the one that is quantised. */
  readonly lossOf: (model: Model) => Promise<number>;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Quantized {
  readonly model: Model;
  /** Convolutions on integers. */
  readonly layers: readonly string[];
  /** Convolutions that stay in float, those first that cost most. */
  readonly float: readonly string[];
  readonly loss: number;
  /** What each costs when it alone is quantised, where that had to be found out. */
  readonly sensitivities: Readonly<Record<string, number>>;
}

/**
 * Quantises a model's convolutions to int8: all of them, or all but the most sensitive, as many as the budget needs.
 * @returns with no layer quantised where the budget cannot be met, and no layer at all where none can be quantised
 */
export async function quantize(model: Model, options: QuantizeOptions): Promise<Quantized> {
  const { method, budget, runEach, lossOf, onProgress } = options;
  const layers = quantizableLayers(model);
  const ranges = await calibrate(model, layers, runEach, method);
  const weights: QuantizedWeights = new Map();
  const with8Bits = (some: readonly QuantizableLayer[]) => {
    const names = new Set(some.map(({ name }) => name));
    const rule = quantizeConvolutions(ranges, (name) => names.has(name), weights);
    // A value that several read is quantised for each of them.
    return rewrite(rewrite(model, rule).model, commonSubexpressions()).model;
  };
  const all = with8Bits(layers);
  const lossOfAll = await lossOf(all);
  const names = (some: readonly QuantizableLayer[]) => some.map(({ name }) => name);
  if (lossOfAll <= budget) {
    return { model: all, layers: names(layers), float: [], loss: lossOfAll, sensitivities: {} };
  }
  const losses = new Map<QuantizableLayer, number>();
  for (const [done, layer] of layers.entries()) {
    onProgress?.(done, layers.length);
    losses.set(layer, await lossOf(with8Bits([layer])));
  }
  const worstFirst = [...layers].sort((a, b) => (losses.get(b) ?? 0) - (losses.get(a) ?? 0));
  const sensitivities = Object.fromEntries(Array.from(losses, ([{ name }, loss]) => [name, loss]));
  for (let kept = 1; kept < worstFirst.length; kept++) {
    const [float, integer] = [worstFirst.slice(0, kept), worstFirst.slice(kept)];
    const candidate = with8Bits(integer);
    const loss = await lossOf(candidate);
    if (loss <= budget)
      return { model: candidate, layers: names(integer), float: names(float), loss, sensitivities };
  }
  return { model, layers: [], float: names(worstFirst), loss: 0, sensitivities };
}

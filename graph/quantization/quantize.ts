import type { Model } from '../model.js';
import { commonSubexpressions } from '../passes/common-subexpressions.js';
import { formBesideIntegers, type Target } from '../passes/winograd/cost.js';
import { winograd as winogradForm } from '../passes/winograd/winograd.js';
import { int8Weight } from '../precision/int8-weights.js';
import { rewrite } from '../rewrite.js';
import { type CalibrationMethod, calibrate, type RunEach } from './calibrate.js';
import { type QuantizableLayer, quantizableLayers } from './layers.js';
import { type QuantizedWeights, quantizeConvolutions } from './quantize-convolutions.js';

/** The first opset with one scale a channel. */
export const INT8_OPSET = 13;

export interface QuantizeOptions {
  readonly method: CalibrationMethod;
  /** Where it is to run: there some layers may be faster in float, by Winograd's form, than on integers. */
  readonly target: Target;
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
  /** Convolutions of the model that are faster in float, in Winograd's form; their weights are int8 in the file. */
  readonly winograd: readonly string[];
  /** Convolutions that stay in float since they are sensitive, those first that cost most. */
  readonly float: readonly string[];
  readonly loss: number;
  /** What each costs when it alone is on integers, with what those in Winograd's form cost, where that had to be found out. */
  readonly sensitivities: Readonly<Record<string, number>>;
}

/**
 * Quantises a model's convolutions to int8: all of them, or all but the most sensitive, as many as the budget needs.
 * @returns with no layer quantised where the budget cannot be met, and no layer at all where none can be quantised
 */
export async function quantize(model: Model, options: QuantizeOptions): Promise<Quantized> {
  const beside = besideIntegers(model, options.target);
  const found = await quantizeLayers(beside, options);
  if (found !== undefined) return found;
  const layers = quantizableLayers(model);
  // Weights in int8 may be what costs too much.
  const plain =
    beside.winograd.length > 0
      ? await quantizeLayers({ mixed: model, layers, winograd: [] }, options)
      : undefined;
  return plain ?? { model, layers: [], winograd: [], float: names(layers), loss: 0, sensitivities: {} };
}

interface Beside {
  readonly mixed: Model;
  readonly layers: readonly QuantizableLayer[];
  /** The names that layers had which are in Winograd's form in the mixed model. */
  readonly winograd: readonly string[];
}

/** The layers on integers, but for those that the budget needs in float; undefined where it cannot be met. */
async function quantizeLayers(
  { mixed, layers, winograd }: Beside,
  { method, target, budget, runEach, lossOf, onProgress }: QuantizeOptions,
): Promise<Quantized | undefined> {
  const ranges = await calibrate(mixed, layers, runEach, method);
  const weights: QuantizedWeights = new Map();
  const with8Bits = (some: readonly QuantizableLayer[]) => {
    const names = new Set(some.map(({ name }) => name));
    const rule = quantizeConvolutions(ranges, (name) => names.has(name), weights, target === 'cpu');
    // A value that several read is quantised for each of them.
    return rewrite(rewrite(mixed, rule).model, commonSubexpressions()).model;
  };
  const all = with8Bits(layers);
  const lossOfAll = await lossOf(all);
  if (lossOfAll <= budget) {
    return { model: all, layers: names(layers), winograd, float: [], loss: lossOfAll, sensitivities: {} };
  }
  if (winograd.length > 0 && (await lossOf(mixed)) > budget) return;
  const losses = new Map<QuantizableLayer, number>();
  for (const [done, layer] of layers.entries()) {
    onProgress?.(done, layers.length);
    losses.set(layer, await lossOf(with8Bits([layer])));
  }
  const worstFirst = [...layers].sort((a, b) => (losses.get(b) ?? 0) - (losses.get(a) ?? 0));
  const sensitivities = Object.fromEntries(Array.from(losses, ([{ name }, loss]) => [name, loss]));
  // Without a layer on integers, what is in Winograd's form is left.
  const mostInFloat = winograd.length > 0 ? worstFirst.length : worstFirst.length - 1;
  for (let kept = 1; kept <= mostInFloat; kept++) {
    const [float, integer] = [worstFirst.slice(0, kept), worstFirst.slice(kept)];
    const candidate = with8Bits(integer);
    const loss = await lossOf(candidate);
    if (loss > budget) continue;
    return { model: candidate, layers: names(integer), winograd, float: names(float), loss, sensitivities };
  }
  return;
}

/** The model with those layers in Winograd's form that are faster so than on integers, and the other layers. */
function besideIntegers(model: Model, target: Target): Beside {
  const quantizable = quantizableLayers(model);
  const nameOf = new Map(quantizable.map(({ output, name }) => [output, name]));
  const form = winogradForm({ formOf: formBesideIntegers(target), filterOf: int8Weight });
  const winograd = new Set<string>();
  const { model: mixed } = rewrite(model, (node, graph) => {
    const name = nameOf.get(node.outputs[0] ?? '');
    const value = name === undefined ? undefined : form(node, graph);
    if (name !== undefined && value !== undefined) winograd.add(name);
    return value;
  });
  // Convolutions that the form itself is made of are no layers, and may bear the name of one.
  const isLeft = ({ name }: QuantizableLayer) => !winograd.has(name);
  const left = new Set(names(quantizable.filter(isLeft)));
  const layers = quantizableLayers(mixed).filter(({ name }) => left.has(name));
  return { mixed, layers, winograd: [...winograd] };
}

const names = (layers: readonly QuantizableLayer[]) => layers.map(({ name }) => name);

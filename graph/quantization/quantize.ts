import { ABSENT, type Model } from '../ir/model.js';
import { commonSubexpressions } from '../passes/common-subexpressions.js';
import { algorithmBesideIntegers, type Target } from '../passes/winograd/cost.js';
import { winograd as winogradForm } from '../passes/winograd/winograd.js';
import { Rewriting, rewrite } from '../rewriting/rewrite.js';
import { CALIBRATION_METHODS, type CalibrationMethod, calibrate, type RunEach } from './calibrate.js';
import { carriedValues } from './carriers.js';
import { int8Weight } from './int8-weights.js';
import { type QuantizableLayer, quantizableLayers } from './layers.js';
import { type QuantizedWeights, quantizeConvolutions } from './quantize-convolutions.js';
import { type Candidate, type GaveUp, withinBudget } from './search.js';

export interface QuantizeOptions {
  /** Default the first one with which all layers keep within the budget, or else the one with which they cost least. */
  readonly method?: CalibrationMethod;
  /** Where it is to run: there some layers may be faster in float, by Winograd's form, than on integers. */
  readonly target: Target;
  /** What quantisation may cost, in the unit of `lossOf`. */
  readonly budget: number;
  readonly runEach: RunEach;
  /** How much worse a model is than the one that is quantised. */
  readonly lossOf: (model: Model) => Promise<number>;
  /** Whether to end with what has been found so far. */
  readonly isTimeUp?: () => boolean;
  /** How many models were tried, of those that there may be to try. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Quantized {
  readonly model: Model;
  /** How the ranges of values were found. */
  readonly method: CalibrationMethod;
  /** Convolutions on integers. */
  readonly layers: readonly string[];
  /** Convolutions of the model that are faster in float, in Winograd's form; their weights are int8 in the file. */
  readonly winograd: readonly string[];
  /** Convolutions that stay in float since they are sensitive, those first that cost most. */
  readonly float: readonly string[];
  readonly loss: number;
  /** What there was no time for, where there was some such. */
  readonly gaveUp?: GaveUp;
  /** What each costs when it alone is on integers, with what those in Winograd's form cost, where that had to be found out. */
  readonly sensitivities: Readonly<Record<string, number>>;
}

/**
 * Quantises a model's convolutions to int8: all of them, or all but the most sensitive, as many as the budget needs.
 * @returns with no layer quantised where the budget cannot be met, and no layer at all where none can be quantised
 */
export async function quantize(model: Model, options: QuantizeOptions): Promise<Quantized> {
  const plain: Beside = { mixed: model, layers: quantizableLayers(model), winograd: [] };
  const beside = besideIntegers(plain, options.target);
  const found = await quantizeLayers(beside, options);
  if (found !== undefined) return found;
  // Weights in int8 may be what costs too much.
  const onIntegers = beside === plain ? undefined : await quantizeLayers(plain, options);
  if (onIntegers !== undefined) return onIntegers;
  const method = options.method ?? CALIBRATION_METHODS[0];
  const float = names(plain.layers);
  return {
    ...{ model, method, layers: [], winograd: [], float, loss: 0, sensitivities: {} },
    ...(options.isTimeUp?.() && { gaveUp: { unmeasured: float.length, untried: 0 } }),
  };
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
  { method: asked, target, budget, isTimeUp = () => false, runEach, lossOf, onProgress }: QuantizeOptions,
): Promise<Quantized | undefined> {
  const graph = new Rewriting(mixed);
  const [first, ...others] = asked ? [asked] : CALIBRATION_METHODS;
  // Each layer alone, and then one less at a time.
  const total = 1 + others.length + 2 * layers.length;
  let tried = 0;
  onProgress?.(tried, total);
  /** What layers cost with the ranges that one method finds. */
  const calibrated = async (method: CalibrationMethod) => {
    const ranges = await calibrate(mixed, layers, runEach, method, carriedValues(layers, graph));
    const weights: QuantizedWeights = new Map();
    const on8Bits = async (some: readonly QuantizableLayer[]): Promise<Candidate> => {
      const names = new Set(some.map(({ name }) => name));
      const rule = quantizeConvolutions(
        ranges,
        (name) => names.has(name),
        weights,
        target === 'cpu',
        carriedValues(some, graph),
      );
      // A value that several read is quantised for each of them.
      const quantized = rewrite(rewrite(mixed, rule).model, commonSubexpressions()).model;
      const loss = await lossOf(quantized);
      onProgress?.(Math.min(++tried, total), total);
      return { model: quantized, loss };
    };
    return { method, on8Bits, all: await on8Bits(layers) };
  };
  // The first with which all layers keep within the budget, or else the one with which they cost least.
  let cheapest = await calibrated(first);
  for (const method of others) {
    if (cheapest.all.loss <= budget || isTimeUp()) break;
    const next = await calibrated(method);
    if (next.all.loss < cheapest.all.loss) cheapest = next;
  }
  const { method, on8Bits, all } = cheapest;
  // Without a layer on integers, what is in Winograd's form is left.
  const none = winograd.length > 0 && all.loss > budget ? await on8Bits([]) : undefined;
  if (none !== undefined && none.loss > budget) return;
  const found = await withinBudget({ layers, on8Bits, all, none, budget, isTimeUp });
  if (found === undefined) return;
  const { float, integer, ...rest } = found;
  return { ...rest, method, winograd, layers: names(integer), float: names(float) };
}

/** With those layers in Winograd's form that are faster so than on integers; as it is, where none is. */
function besideIntegers(plain: Beside, target: Target): Beside {
  const nameOf = new Map(plain.layers.map(({ output, name }) => [output, name]));
  const toWinograd = winogradForm({ algorithmOf: algorithmBesideIntegers(target), filterOf: int8Weight });
  const winograd = new Set<string>();
  const { model: mixed } = rewrite(plain.mixed, (node, graph) => {
    const [output = ABSENT] = node.outputs;
    const name = nameOf.get(output);
    if (name === undefined) return;
    const value = toWinograd(node, graph);
    if (value !== undefined) winograd.add(name);
    return value;
  });
  if (winograd.size === 0) return plain;
  // Convolutions that the form itself is made of are no layers, and may bear the name of one.
  const left = new Set(names(plain.layers).filter((name) => !winograd.has(name)));
  const layers = quantizableLayers(mixed).filter(({ name }) => left.has(name));
  return { mixed, layers, winograd: [...winograd] };
}

const names = (layers: readonly QuantizableLayer[]) => layers.map(({ name }) => name);

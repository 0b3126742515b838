import { badModel, NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Model, replaceable } from '../../graph/ir/model.js';
import { byteLength, elementCount, type Tensor } from '../../graph/ir/tensor.js';
import type { Target } from '../../graph/passes/winograd/cost.js';
import { halfPrecision } from '../../graph/precision/float16.js';
import type { CalibrationMethod } from '../../graph/quantization/calibrate.js';
import { int8Weights, MIN_ELEMENTS } from '../../graph/quantization/int8-weights.js';
import { type Quantized, quantize } from '../../graph/quantization/quantize.js';
import { rewrite } from '../../graph/rewriting/rewrite.js';
import { untypedNodes, untypedText } from '../../graph/rewriting/untyped.js';
import { named } from '../../runtime/common/naming.js';
import { type ExampleOptions, type Examples, examplesFor } from './calibration-inputs.js';
import { ImageComparison, runOn, runOnExtremes } from './image-comparison.js';
import { optimizationMetadataOf } from './optimization-metadata.js';
import type { Precision } from './precision.js';
import { guessText, type Tolerance } from './tolerance.js';
import { type Progress, timeLimit } from './watch.js';

export interface PrecisionOptions extends ExampleOptions {
  readonly precision: Precision;
  readonly tolerance: Tolerance;
  /** What the result will be compared on. */
  readonly examples: Examples;
  readonly target?: Target;
  /** A folder of images that int8 is calibrated on; default the examples. */
  readonly calibrate?: string;
  readonly method?: CalibrationMethod;
  readonly minutes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: Progress;
}

/** What is known of a quantisation. A loss is a share of what is allowed. */
export type QuantizedLayers = Omit<Quantized, 'model'>;

export interface Reduced {
  readonly model: Model;
  readonly quantized?: QuantizedLayers;
  /** What was skipped or assumed when images to calibrate on were read, one line each. */
  readonly warnings?: readonly string[];
}

/**
 * The model in a lower precision.
 * @throws NmodeError (CHECK_FAILED) where nothing of it can be
 */
export async function withPrecision(model: Model, name: string, options: PrecisionOptions): Promise<Reduced> {
  const { precision, examples, signal } = options;
  switch (precision) {
    case 'fp32':
      return { model };
    case 'int8-weights':
      return { model: smaller(name, precision, model, rewrite(model, int8Weights).model) };
    case 'fp16':
      return { model: smaller(name, precision, model, await halved(model, name, examples, signal)) };
    case 'int8':
      return quantized(model, name, options);
  }
}

function halved(model: Model, name: string, examples: Examples, signal?: AbortSignal): Promise<Model> {
  return halfPrecision(model, runOnExtremes(examples, signal)).catch((error: unknown) => {
    throw named(name, error);
  });
}

async function quantized(model: Model, name: string, options: PrecisionOptions): Promise<Reduced> {
  const { tolerance, target = 'cpu', calibrate, minutes, signal, onProgress } = options;
  const isTimeUp = timeLimit(minutes);
  const examples =
    calibrate === undefined ? options.examples : await examplesFor(model, name, calibrate, options);
  const comparison = await ImageComparison.of(model, name, examples, { signal });
  tolerance.refuseBlindness(name, comparison, 'calibrate');
  const { model: result, ...layers } = await quantize(model, {
    ...(options.method && { method: options.method }),
    target,
    budget: 1,
    runEach: runOn(examples.feeds, signal),
    lossOf: async (candidate) => tolerance.share(await comparison.differenceOf(candidate)),
    isTimeUp,
    ...(onProgress && { onProgress: (done, total) => onProgress(done, total, 'models') }),
  });
  const { warnings } = examples;
  if (layers.layers.length + layers.winograd.length > 0)
    return { model: result, quantized: layers, warnings };
  if (layers.float.length === 0) throw new NmodeError('CHECK_FAILED', nothingToLower(name, 'int8', model));
  const time = layers.gaveUp ? ` in ${minutes} minutes: give more \`minutes\`` : '';
  throw new NmodeError(
    'CHECK_FAILED',
    `${name}: no convolution can be quantised at ${tolerance.asked}${time}${guessText(examples.assumed)}; nothing was written`,
  );
}

/** @throws NmodeError (BAD_MODEL) for a model that is in a lower precision or Winograd's form already, or too old for one */
export function refuseLowering(model: Model, name: string, precision: Precision): void {
  if (precision === 'fp32') return;
  const before = precisionOf(model);
  if (before !== 'fp32') {
    throw badModel(
      `${name}: it holds ${HELD[before]} already, and ${precision} needs float32: give a float32 model of the network`,
    );
  }
  if (optimizationMetadataOf(model).level === 'latency') {
    throw badModel(
      `${name}: its convolutions are in Winograd's form (${option('level', 'latency')}), which ${precision} does not support: give the original model`,
    );
  }
}

/** What a model that is in a lower precision holds, whoever made it. */
const HELD: Readonly<Record<Lowering, string>> = {
  fp16: 'values in float16',
  int8: 'quantised values',
  'int8-weights': 'weights in int8',
};

/** Quantised values and what computes with them, as any exporter writes them. */
const INTEGER_OP = /^(Dynamic)?(Q|Deq)uantizeLinear$|^QLinear|Integer$/;

/** As its metadata says, or else by what it holds. */
function precisionOf(model: Model): Precision {
  const { precision } = optimizationMetadataOf(model);
  if (precision !== 'fp32') return precision;
  if (model.graph.nodes.some(({ opType }) => INTEGER_OP.test(opType))) return 'int8';
  return constantsOf(model).some(({ dtype }) => dtype === 'float16') ? 'fp16' : 'fp32';
}

/** Initializers, and what exporters write as Constant nodes. */
function constantsOf({ graph: { nodes, initializers } }: Model): readonly Tensor[] {
  const written = nodes.flatMap(({ opType, attributes }) => {
    const value = opType === 'Constant' ? attributes.get('value') : undefined;
    return value?.type === 'tensor' ? [value.value] : [];
  });
  return [...initializers.values(), ...written];
}

type Lowering = Exclude<Precision, 'fp32'>;

/** @throws NmodeError (CHECK_FAILED) where the weights did not become smaller, or most of them have to stay as they are */
function smaller(name: string, precision: Lowering, before: Model, after: Model): Model {
  const bytes = weightBytes(before);
  if (weightBytes(after) < bytes && 2 * givableBytes(before, precision) < bytes) return after;
  throw new NmodeError('CHECK_FAILED', nothingToLower(name, precision, before));
}

function weightBytes(model: Model): number {
  return constantsOf(model).reduce((sum, { dtype, dims }) => sum + byteLength(dtype, dims), 0);
}

function nothingToLower(name: string, precision: Lowering, model: Model): string {
  if (givableBytes(model, precision) > 0) {
    return `${name}: its weights cannot be in ${precision}: they are also inputs, which may be overridden: \`optimizeModel({ freeze: true })\` treats them as constants; nothing was written`;
  }
  const [first] = untypedNodes(model);
  const end = first === undefined ? '' : ` (${untypedText(first)})`;
  return `${name}: nothing of it can be in ${precision}: it holds no ${NEEDED[precision]}${end}; nothing was written`;
}

/** Of weights that a precision would lower, what stays since they are inputs as well. */
function givableBytes(model: Model, precision: Lowering): number {
  const givable = replaceable(model);
  const weights = model.graph.nodes
    .filter(({ opType }) => precision === 'fp16' || opType === 'Conv')
    .flatMap(({ inputs }) => inputs.slice(1))
    .filter((weight) => givable.has(weight));
  return [...new Set(weights)]
    .flatMap((weight) => model.graph.initializers.get(weight) ?? [])
    .filter(({ dtype }) => dtype === 'float32')
    .filter(({ dims }) => precision !== 'int8-weights' || elementCount(dims) >= MIN_ELEMENTS)
    .reduce((sum, { dtype, dims }) => sum + byteLength(dtype, dims), 0);
}

/** What has to be there, with all that it takes. */
const NEEDED: Readonly<Record<Lowering, string>> = {
  fp16: 'constant float32 weights that halves can hold, of an operator that is known here',
  int8:
    'convolution (Conv) of more than one pixel with constant float32 weights and explicit padding, before the one that gives the ' +
    'result and behind operators that are known here',
  'int8-weights': `convolution (Conv) with ${MIN_ELEMENTS} constant float32 weights or more behind operators that are known here`,
};

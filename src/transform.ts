import { check } from '../graph/check.js';
import { NmodeError } from '../graph/errors.js';
import type { Model } from '../graph/model.js';
import { type Level, type OptimizeOptions, optimize } from '../graph/passes/optimize.js';
import { halfPrecision } from '../graph/precision/float16.js';
import { int8Weights } from '../graph/precision/int8-weights.js';
import { CALIBRATION_METHODS, type CalibrationMethod } from '../graph/quantization/calibrate.js';
import { type Quantized, quantize } from '../graph/quantization/quantize.js';
import type { Recipe } from '../graph/recipe.js';
import { rewrite } from '../graph/rewrite.js';
import { BUNDLED_IMAGES, modelInputs } from './model-inputs.js';
import { type Difference, Proof, runOn } from './proof.js';

/**
 * What a model computes with:
 * - `fp16`: weights and activations in half precision, for graphics cards; its file is half as large;
 * - `int8`: convolutions on integers, calibrated on images;
 * - `int8-weights`: computes in float32, its file is a quarter as large.
 */
export const PRECISIONS = ['fp32', 'fp16', 'int8', 'int8-weights'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface TransformOptions extends OptimizeOptions {
  /** Default `fp32`. */
  readonly precision?: Precision;
  /** A folder of images that the result is compared on; default six that come with the package. */
  readonly images?: string;
  /** A folder of images that are typical, from which `int8` learns its ranges. */
  readonly calibrate?: string;
  /** Default `percentile`. */
  readonly method?: CalibrationMethod;
  /** How much of the masks' agreement may be lost, 1 - DSC; default 0.003 for `int8`, 0.0005 for `fp16`. */
  readonly maxDscDrop?: number;
  /** How images are prepared, where the model does not say. */
  readonly recipe?: Partial<Recipe>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Transformed {
  readonly model: Model;
  readonly level: Level;
  readonly precision: Precision;
  /** What rules the graph was rewritten by, and how often. */
  readonly changes: Readonly<Record<string, number>>;
  readonly quantized?: Omit<Quantized, 'model'>;
  /** The comparison with the model as it was, where it was made. */
  readonly difference?: Difference;
}

/** Probabilities may differ by this much. */
const TOLERANCES: Readonly<Record<Level, number>> = { none: 0, standard: 1e-5, latency: 1e-4 };
const DSC_DROPS: Readonly<Record<Precision, number>> = {
  fp32: 0,
  fp16: 0.0005,
  int8: 0.003,
  'int8-weights': 0.003,
};

/** The key of `metadata_props` that says what was done, as JSON. */
export const OPTIMIZED_KEY = 'nmode.optimized';

/**
 * Rewrites a model as it is told, and compares what comes out with what went in on real images.
 * @param name what messages call the model
 * @param isProven whether `standard` in fp32 needs no comparison, since tests have made it
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_IMAGE, CANNOT_RUN; CHECK_FAILED beyond what is allowed
 */
export async function transform(
  model: Model,
  name: string,
  options: TransformOptions,
  isProven = false,
): Promise<Transformed> {
  const { level = 'standard', precision = 'fp32', images = BUNDLED_IMAGES, recipe, signal } = options;
  refuseContradictions(options);
  // Half precision is for graphics cards.
  const optimized = optimize(model, { ...options, ...(precision === 'fp16' && { target: 'webgpu' }) });
  if (isProven && level !== 'latency' && precision === 'fp32') {
    check(optimized.model);
    return { ...optimized, model: noted(optimized.model, { level, precision }), level, precision };
  }
  const inputs = await modelInputs(model, name, images, recipe);
  const proof = await Proof.of(model, runOn(inputs, signal));
  const changed = await inPrecision(optimized.model, name, options);
  const result = noted(changed.model, {
    level,
    precision,
    ...(changed.quantized && { float: changed.quantized.float }),
  });
  check(result);
  const difference = await proof.differenceOf(result);
  refuseDifference(name, difference, level, precision, options.maxDscDrop);
  const { quantized } = changed;
  return {
    model: result,
    level,
    precision,
    changes: optimized.changes,
    difference,
    ...(quantized && { quantized }),
  };
}

function refuseContradictions({
  level,
  precision = 'fp32',
  calibrate,
  method,
  precompute,
}: TransformOptions): void {
  const usage = (why: string) => new NmodeError('BAD_USAGE', why);
  if (level === 'latency' && precision !== 'fp32') {
    throw usage(`${precision} is not for Winograd's form of convolutions: leave --optimize latency out`);
  }
  if (precompute && level !== 'latency')
    throw usage('--precompute has a meaning with --optimize latency alone');
  if (precision === 'int8' && calibrate === undefined) {
    throw usage(
      'int8 learns the ranges of values from typical images: give a folder of them with --calibrate',
    );
  }
  if (precision !== 'int8' && (calibrate !== undefined || method !== undefined)) {
    throw usage(`--calibrate and --method have no meaning for ${precision}`);
  }
}

async function inPrecision(
  model: Model,
  name: string,
  options: TransformOptions,
): Promise<{ readonly model: Model; readonly quantized?: Omit<Quantized, 'model'> }> {
  const {
    precision = 'fp32',
    calibrate,
    method = CALIBRATION_METHODS[1],
    recipe,
    signal,
    onProgress,
  } = options;
  switch (precision) {
    case 'fp32':
      return { model };
    case 'int8-weights':
      return { model: rewrite(model, int8Weights).model };
    case 'fp16':
      return {
        model: await halfPrecision(
          model,
          runOn(await modelInputs(model, name, options.images ?? BUNDLED_IMAGES, recipe), signal),
        ),
      };
    case 'int8': {
      const runEach = runOn(await modelInputs(model, name, calibrate ?? '', recipe), signal);
      const calibrated = await Proof.of(model, runEach);
      const lossOf = async (candidate: Model) => (await calibrated.differenceOf(candidate)).dscDrop;
      const budget = options.maxDscDrop ?? DSC_DROPS.int8;
      const { model: result, ...quantized } = await quantize(model, {
        method,
        budget,
        runEach,
        lossOf,
        ...(onProgress && { onProgress }),
      });
      if (quantized.layers.length === 0) {
        throw new NmodeError(
          'CHECK_FAILED',
          `${name}: no layer can be quantised within a DSC drop of ${budget}`,
        );
      }
      return { model: result, quantized };
    }
  }
}

/** The model with a note of what was done to it. */
function noted(
  model: Model,
  what: { readonly level: Level; readonly precision: Precision; readonly float?: readonly string[] },
): Model {
  if (what.level === 'none' && what.precision === 'fp32') return model;
  return { ...model, metadata: new Map([...model.metadata, [OPTIMIZED_KEY, JSON.stringify(what)]]) };
}

function refuseDifference(
  name: string,
  { images, maxAbs, dscDrop }: Difference,
  level: Level,
  precision: Precision,
  maxDscDrop = DSC_DROPS[precision],
): void {
  const fine = precision === 'fp32' ? maxAbs <= TOLERANCES[level] : dscDrop <= maxDscDrop;
  if (fine) return;
  const found =
    precision === 'fp32'
      ? `differ by up to ${maxAbs.toExponential(2)}, where ${TOLERANCES[level]} is allowed`
      : `agree to a DSC of ${(1 - dscDrop).toFixed(5)}, where ${1 - maxDscDrop} is asked for`;
  throw new NmodeError(
    'CHECK_FAILED',
    `${name}: on ${images} images the results ${found}; nothing was written`,
  );
}

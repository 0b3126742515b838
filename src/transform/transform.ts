import { check } from '../../graph/analysis/check.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Model, outlineOf } from '../../graph/ir/model.js';
import {
  LEVELS,
  type Level,
  type Optimized,
  type OptimizeOptions,
  optimize,
} from '../../graph/passes/optimize.js';
import { TARGETS, type Target } from '../../graph/passes/winograd/cost.js';
import type { Reached } from '../../graph/precision/reached.js';
import { CALIBRATION_METHODS, type CalibrationMethod } from '../../graph/quantization/calibrate.js';
import type { Layout } from '../../graph/recipe/layout.js';
import type { IntensityWindow } from '../../graph/recipe/normalization.js';
import type { Grey, Recipe } from '../../graph/recipe/recipe.js';
import { type UntypedNode, untypedNodes } from '../../graph/rewriting/untyped.js';
import { naming } from '../../runtime/common/naming.js';
import type { UsedRecipe } from './calibration-inputs.js';
import type { ImageDifference } from './image-comparison.js';
import { type LiftOptions, type LiftReport, lifted } from './lifting.js';
import { followedBy, optimizationMetadataOf, withOptimizationMetadata } from './optimization-metadata.js';
import { PRECISIONS, type Precision } from './precision.js';
import type { QuantizedLayers } from './precision-lowering.js';
import { reachOf, refuseLittle, slownessOf } from './reach.js';
import { Tolerance } from './tolerance.js';
import { type Progress, timeLimit } from './watch.js';

export interface TransformOptions extends Omit<OptimizeOptions, 'integers'> {
  /** Default `fp32`. */
  readonly precision?: Precision;
  /** A folder of images for the comparison with the original. Default: six bundled ones. */
  readonly images?: string;
  /** A folder of representative images for the calibration of `int8`. */
  readonly calibrate?: string;
  /** Calibration of `int8` ranges. Default: `minmax`, or the better of the two if that exceeds the budget. */
  readonly method?: CalibrationMethod;
  /** Largest loss of a lower precision, 1 - DSC of the masks, 0..1. Default: 0.0005 for `fp16`, else 0.003. */
  readonly maxDscDrop?: number;
  /**
   * Time limit in minutes: for `int8`, of the search for sensitive layers, which then ends with what it has found; for other precisions, of
   * the comparison, which then uses fewer images.
   */
  readonly minutes?: number;
  /** Write `fp16` and `int8` even if less than a tenth of the multiply-adds is in that precision. */
  readonly force?: boolean;
  /** Preprocessing; replaces the model's own recipe. Default: the model's, or else the release's. */
  readonly recipe?: Partial<Recipe>;
  /** Clips stored values to a window before all other preprocessing; replaces a window at the start of the recipe. */
  readonly window?: IntensityWindow;
  /** Layout of the model's input, where neither its metadata nor its shape show it. */
  readonly layout?: Layout;
  /** If each channel is a file: one pattern per channel in channel order, such as `{case}_0000.png`. */
  readonly inputs?: readonly string[];
  /** For a model of one channel: how to convert colour images; replaces the model's own setting. */
  readonly grey?: Grey;
  /** Refuse a model without a recipe, unless `recipe` is given. */
  readonly strictRecipe?: boolean;
  /** Aborts the work, which throws its reason: by default a DOMException named AbortError. */
  readonly signal?: AbortSignal;
  /** Called with the number of images run, or of models that the search of `int8` tried, and the total; from 0 for each part of the work. */
  readonly onProgress?: Progress;
}

export interface Transformed extends LiftReport {
  readonly model: Model;
  /** How far the graph was rewritten. */
  readonly level: Level;
  /** Of the model as it is now: a lower one from before stays. */
  readonly precision: Precision;
  /** What rules the graph was rewritten by, and how often. */
  readonly changes: Readonly<Record<string, number>>;
  /** Why `latency` rewrote no convolution in Winograd's form: the target does not benefit, sizes are open, or it would not be faster. */
  readonly direct?: 'target' | 'sizes' | 'time';
  /** Number of weights below 2^-126 that were flushed to zero. */
  readonly denormals?: number;
  readonly quantized?: QuantizedLayers;
  /** Nodes whose type cannot be inferred, after which no rule applies. */
  readonly untyped?: readonly UntypedNode[];
  /** Share of the work in float16 or on integers. */
  readonly reached?: Reached;
  /** Why `int8` is expected to be slower than float, where it is. */
  readonly slower?: string;
  /** The comparison with the original model, if it was made, and the preprocessing of its images. */
  readonly difference?: ImageDifference;
  readonly prepared?: UsedRecipe;
  /** What was skipped or assumed when images of the comparison and the calibration were read, one line each. */
  readonly warnings: readonly string[];
}

/** What `transform` gives: how many weights were flushed shows as the model is written. */
type Rewritten = Omit<Transformed, 'denormals'> & Pick<Optimized, 'countDenormals'>;

/** What is reported of a model that was rewritten, once it is written. */
export function reportOf({ model: _, countDenormals, ...report }: Rewritten): Omit<Transformed, 'model'> {
  const denormals = countDenormals();
  return { ...report, ...(denormals > 0 && { denormals }) };
}

/**
 * Rewrites a model as its options say, and compares what comes out with what went in on real images.
 * @param name what messages call the model
 * @param isProven whether `standard` in fp32 needs no comparison, since tests have made it
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_IMAGE, CANNOT_RUN; CHECK_FAILED beyond what is allowed
 */
export async function transform(
  model: Model,
  name: string,
  options: TransformOptions & LiftOptions,
  isProven = false,
): Promise<Rewritten> {
  refuseNonsense(options);
  refuseContradictions(options);
  const { level = 'standard', precision = 'fp32', target = 'cpu', images } = options;
  const { maxDscDrop, force, minutes, signal, onProgress } = options;
  if (precision !== 'fp32') (await import('./precision-lowering.js')).refuseLowering(model, name, precision);
  const { model: newer, ...lifting } = naming(name, () => lifted(model, { ...options, level, precision }));
  // Half precision is for graphics cards.
  const optimized = naming(name, () =>
    optimize(newer, {
      ...(precision === 'fp16' && { target: 'webgpu' }),
      ...options,
      integers: precision === 'int8',
    }),
  );
  const direct = level === 'latency' && !optimized.changes.Winograd ? directSince(newer, target) : undefined;
  const appliedLevel = direct === undefined ? level : 'standard';
  const done = followedBy(optimizationMetadataOf(model), { level: appliedLevel, precision });
  const untyped = untypedNodes(optimized.model);
  const report = {
    ...lifting,
    ...{ level, precision: done.precision, changes: optimized.changes },
    ...(untyped.length > 0 && { untyped }),
    ...(direct && { direct }),
    countDenormals: optimized.countDenormals,
  };
  // What is `standard` all the same has been proven, and volumes are no images that it could be compared on.
  const isStandard = level !== 'latency' || (direct !== undefined && takesVolumes(model));
  if (isProven && images === undefined && isStandard && precision === 'fp32') {
    check(optimized.model);
    return { ...report, model: withOptimizationMetadata(optimized.model, done), warnings: [] };
  }
  // Loaded with what reads images and runs models, which an export that is proven does not need.
  const [{ BUNDLED_IMAGES, examplesFor }, { ImageComparison }, { withPrecision }] = await Promise.all([
    import('./calibration-inputs.js'),
    import('./image-comparison.js'),
    import('./precision-lowering.js'),
  ]);
  const examples = await examplesFor(model, name, images ?? BUNDLED_IMAGES, options);
  // What is lifted is computed by other nodes.
  const held = level === 'none' && newer !== model ? 'standard' : level;
  const tolerance = new Tolerance(held, precision, maxDscDrop);
  // The rewritten model takes as long again.
  const isTimeUp = precision === 'int8' ? undefined : timeLimit(minutes && minutes / 2);
  const comparison = await ImageComparison.of(model, name, examples, { signal, onProgress, isTimeUp });
  tolerance.refuseBlindness(name, comparison, 'images');
  const lowering = { ...options, precision, tolerance, examples };
  const { model: changed, quantized, warnings = [] } = await withPrecision(optimized.model, name, lowering);
  const { float, winograd = [] } = quantized ?? {};
  const reached = reachOf(precision, changed);
  const slower = precision === 'int8' ? slownessOf(changed, target) : undefined;
  // Layers in Winograd's form are in float since they are faster so.
  if (!force && winograd.length === 0) refuseLittle(name, precision, reached, untyped);
  const result = withOptimizationMetadata(changed, {
    ...done,
    ...(float && { float }),
    ...(winograd.length > 0 && { winograd }),
  });
  check(result);
  const found = await comparison.differenceOf(result);
  const difference = tolerance.isMissed(found)
    ? await comparison.withSpread(found, (difference) => !tolerance.isMissed(difference))
    : found;
  tolerance.refuse(name, difference, examples.assumed, images === undefined);
  if (precision !== 'fp32') await comparison.refuseExtremes(result);
  return {
    ...report,
    model: result,
    ...(quantized && { quantized }),
    ...(reached && { reached }),
    ...(slower !== undefined && { slower }),
    difference,
    prepared: { recipe: examples.recipe, from: examples.from, assumed: examples.assumed },
    warnings: [...new Set([...examples.warnings, ...warnings])],
  };
}

/** Whether its input is [N, C, D, H, W]. */
const takesVolumes = (model: Model): boolean =>
  outlineOf(model).inputs.some(({ type }) => type?.shape?.length === 5);

function directSince(model: Model, target: Target): NonNullable<Transformed['direct']> {
  if (target === 'webgpu') return 'target';
  const { inputs } = outlineOf(model);
  const isKnown = inputs.every(({ type }) => type?.shape?.every((size) => Number(size) > 0));
  return isKnown ? 'time' : 'sizes';
}

/** Callers in JavaScript may give anything. */
function refuseNonsense({ level, precision, target, method, maxDscDrop, minutes }: TransformOptions): void {
  const choices = [
    ['level', level, LEVELS],
    ['precision', precision, PRECISIONS],
    ['target', target, TARGETS],
    ['method', method, CALIBRATION_METHODS],
  ] as const;
  for (const [what, given, known] of choices) {
    if (given === undefined || known.some((choice) => choice === given)) continue;
    throw badUsage(`${what} '${given}', expected ${known.join(', ')}`);
  }
  if (minutes !== undefined && !(minutes > 0)) {
    throw badUsage(`minutes ${minutes}, expected a number above 0`);
  }
  if (maxDscDrop !== undefined && !(maxDscDrop >= 0 && maxDscDrop <= 1)) {
    throw badUsage(`maxDscDrop ${maxDscDrop}, expected a number from 0 to 1`);
  }
}

function refuseContradictions(options: TransformOptions): void {
  const { level, precision = 'fp32', target, calibrate, method, maxDscDrop, precompute, force } = options;
  if (level === 'latency' && precision !== 'fp32') {
    throw badUsage(
      `${precision} cannot be combined with Winograd's form of convolutions: leave ${option('level', 'latency')} out`,
    );
  }
  if (precompute && (level !== 'latency' || target === 'webgpu'))
    throw badUsage("`precompute` requires `level: 'latency'` for cpu or wasm");
  if (precision === 'int8' && calibrate === undefined) {
    throw badUsage('int8 is calibrated on representative images: give a folder of them with `calibrate`');
  }
  if (precision !== 'int8' && (calibrate !== undefined || method !== undefined)) {
    throw badUsage(`${option('calibrate')} and ${option('method')} do not apply to ${precision}`);
  }
  if (force && precision !== 'fp16' && precision !== 'int8')
    throw badUsage('`force` applies only to fp16 and int8');
  if (precision === 'fp32' && maxDscDrop !== undefined)
    throw badUsage('`maxDscDrop` applies only to fp16, int8 and int8-weights');
}

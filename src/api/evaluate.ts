import { basename } from 'node:path';
import { badUsage, commonFault, imageFault, NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { each, type Kinds, NUMBER, PATH, TEXT, TEXTS, taken } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { inOrder } from '../../runtime/common/in-order.js';
import { maskLabelsOf, refuseThreshold } from '../../runtime/masks/classes.js';
import type { Cleaning } from '../../runtime/masks/components.js';
import { DEFAULT_THRESHOLD } from '../../runtime/masks/threshold.js';
import { loadModel, statedRecipe } from '../../runtime/node/model.js';
import { SEGMENTER_KINDS, Segmenter, type SegmenterOptions } from '../../runtime/node/segmenter.js';
import { CLEANING_KINDS, finishOptions } from '../../runtime/segmentation.js';
import { checkReading, type TruthReading } from '../../runtime/truth/truth.js';
import { identityOf } from '../batch/manifest.js';
import { parseShard } from '../batch/parse-shard.js';
import { partOf, type Shard } from '../batch/shard.js';
import { ShardRun } from '../batch/shard-run.js';
import { sizeOfFiles } from '../batch/written.js';
import { bytewise } from '../files/bytewise.js';
import { turnDoubt } from '../files/orientation-mismatch.js';
import { type Failure, findPairs, type Pair, type Pairs } from '../files/pairs.js';
import { makeFolder, refuseOverwriting } from '../files/write-whole.js';
import { compareWithTruth, confusionsOf } from '../reports/compare-classes.js';
import {
  type Counted,
  type Counting,
  type EvaluationReport,
  evaluationOf,
} from '../reports/evaluation-counts.js';
import { writeReport } from '../reports/evaluation-report.js';
import { foregroundText } from '../reports/truth-report.js';
import { TRUTH, WATCH, withOptions } from './option-kinds.js';

export interface EvaluateOptions extends Omit<SegmenterOptions, 'onProgress'>, Cleaning, TruthReading {
  /** An .onnx file with one image input. */
  readonly model: string;
  /** A folder of images. */
  readonly images: string;
  /** If each channel is a file: one pattern per channel in channel order, such as `{case}_0000.png`. */
  readonly inputs?: readonly string[];
  /**
   * A folder of ground-truth masks, `NAME.png`, `NAME_mask.png` or `NAME_segmentation.png` for `NAME.jpg`: black and white, unless
   * `truthLabel`, `truthColour` or `ignoreLabel` say how they are read; label maps where the model gives several classes. May be
   * that of the images.
   */
  readonly masks: string;
  /** The lowest probability inside the mask, 0..1. Default: 0.5. */
  readonly threshold?: number;
  /** An .html file to write, with pictures of the worst images. */
  readonly report?: string;
  /** The shard of the images to evaluate, as in `predict`: counts go into a manifest in the folder `output`. */
  readonly shard?: string;
  readonly output?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const KINDS: Kinds<EvaluateOptions> = {
  ...SEGMENTER_KINDS,
  ...CLEANING_KINDS,
  ...TRUTH,
  ...WATCH,
  ...each(['model', 'images', 'masks', 'report', 'output'], PATH),
  ...{ inputs: TEXTS, threshold: NUMBER, shard: TEXT },
};

/**
 * Segments images and counts the pixels against ground truth, which is resized bilinearly to the size that is counted at
 * and thresholded at 0.5. Pixels of `ignoreLabel` are left out.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there is no pair, BAD_USAGE, CANNOT_RUN; what all images failed with alike
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  return withOptions(options, KINDS, ['model', 'images', 'masks'], evaluated);
}

async function evaluated(options: EvaluateOptions): Promise<EvaluationReport> {
  const { onProgress, ...loading } = options;
  const { at = 'network', signal } = options;
  const { fillHoles = false, largestComponent = false, minArea = 0 } = options;
  checkReading(options);
  finishOptions(options, at);
  const place = placeOfCounts(options);
  const model = await loadModel(options.model, loading);
  const naming = { inputs: options.inputs, files: statedRecipe(model.model)?.files };
  const found = await findPairs(options.images, options.masks, naming);
  const share = place && shareOf(found, place);
  const { pairs, failures: unpaired } = share ?? found;
  if (options.report !== undefined) {
    if (!/\.html?$/i.test(options.report)) throw badUsage(`${options.report}: a report is an .html file`);
    await refuseOverwriting([options.report], [options.model, ...found.files]);
  }
  await using segmenter = await Segmenter.load(model, { ...taken(loading, SEGMENTER_KINDS), at });
  refuseReading(segmenter, options);
  const { semantics, recipe, assumed, provider: session } = segmenter;
  refuseThreshold(semantics, segmenter.classes, options.threshold);
  const threshold = options.threshold ?? (semantics.kind === 'independent' ? DEFAULT_THRESHOLD : undefined);
  const reading = pick(options, ['truthLabel', 'truthColour', 'ignoreLabel']);
  const cleaning = { fillHoles, largestComponent, minArea };
  const counting: Counting = {
    ...{ at, cleaning, reading, recipe, session, assumed },
    ...(threshold !== undefined && { threshold }),
  };
  await using run = share && (await openCounts(share, model.bytes, counting, options));
  const counted: Counted[] = [];
  const failures = [...unpaired];
  let done = 0;
  onProgress?.(done, pairs.length);
  const one = async (pair: Pair) =>
    (await countedBefore(run, pair)) ?? (await recorded(pair, await count(segmenter, pair, options), run));
  for await (const outcome of inOrder(pairs, segmenter.imagesAtOnce, one)) {
    signal?.throwIfAborted();
    if ('error' in outcome) failures.push(outcome);
    else counted.push(outcome);
    onProgress?.(++done, pairs.length);
  }
  const errors = failures.slice(unpaired.length).map(({ code, error }) => new NmodeError(code, error));
  const [first] = errors;
  // Of a shard, others may be well.
  if (counted.length === 0 && first !== undefined && run === undefined) throw commonFault(errors) ?? first;
  const report = evaluationOf(counting, counted, failures);
  if (options.report !== undefined) await writeReport(options.report, report, segmenter, pairs, options);
  return run === undefined ? report : { ...report, shard: await run.finish() };
}

async function count(segmenter: Segmenter, pair: Pair, options: EvaluateOptions): Promise<Counted | Failure> {
  const name = basename(pair.image);
  try {
    const found = await compareWithTruth(segmenter, pair, options);
    const [first] = found.compared;
    const ignored = first?.truth.counted?.filter((counts) => counts === 0).length ?? 0;
    const { search, tiling } = found;
    const doubt = { ...(search && { search }), turnDoubt: await turnDoubt(pair, found) };
    const warnings = [
      ...found.warnings.map((warning) => `${name}: ${warning}`),
      ...found.truthWarnings.map((warning) => `${basename(pair.mask)}: ${warning}`),
    ];
    return { name, classes: confusionsOf(found), ignored, warnings, ...doubt, ...(tiling && { tiling }) };
  } catch (error) {
    const { code, message } = imageFault(error, options.signal);
    return { name, code, error: message };
  }
}

/** @throws NmodeError (BAD_USAGE) for one label or colour of truth where several classes are counted */
function refuseReading({ semantics, classes }: Segmenter, { model, ...reading }: EvaluateOptions): void {
  const { length } = maskLabelsOf(semantics, classes);
  const given = foregroundText(reading);
  if (length < 2 || given === undefined) return;
  throw badUsage(
    `${basename(model)}: it gives masks of ${length} classes, each of which is compared with its own label in the ground truth: ${given} selects a single foreground`,
  );
}

interface Place {
  readonly shard: Shard;
  readonly output: string;
}

/** A shard's part of what is counted. */
interface Share extends Place, Pick<Pairs, 'pairs' | 'failures'> {
  /** The names of all that is counted or cannot be. */
  readonly list: readonly string[];
}

/**
 * Which shard is counted, and where its manifest goes.
 * @throws NmodeError (BAD_USAGE)
 */
function placeOfCounts({ shard: text, output, report }: EvaluateOptions): Place | undefined {
  if (text === undefined) return undefined;
  if (output === undefined || output === '-') {
    throw badUsage(`${option('shard', text)}: expected ${option('output')}, a folder for its counts`);
  }
  const shard = parseShard(text, process.env);
  if (report === undefined || shard.count === 1) return { shard, output };
  throw badUsage(
    `${option('report')} shows the worst of all images: merge the shards, then ask for it with ${option('shard', '0/1')} and the merged folder, where nothing is counted again`,
  );
}

/** Which pairs a shard counts. */
function shareOf({ pairs, failures }: Pairs, place: Place): Share {
  const named = pairs.map((pair) => ({ name: basename(pair.image), pair }));
  const sorted = [...named, ...failures].sort((a, b) => bytewise(a.name, b.name));
  const part = partOf(sorted, place.shard);
  return {
    ...place,
    list: sorted.map(({ name }) => name),
    pairs: part.flatMap((each) => ('pair' in each ? [each.pair] : [])),
    failures: part.filter((each) => 'error' in each),
  };
}

/** @throws NmodeError: BAD_USAGE where the folder has counts of another run; CANNOT_WRITE */
async function openCounts(
  { shard, output, list, failures }: Share,
  model: Uint8Array,
  counting: Counting,
  options: object,
): Promise<ShardRun> {
  await makeFolder(output);
  const { effective } = counting.session;
  const identity = identityOf('eval', model, effective, options, list);
  const run = await ShardRun.open(output, { ...identity, shard, about: counting }, list);
  for (const { name, code, error } of failures) run.failed({ image: name, code, error, unpaired: true });
  return run;
}

const filesOfPair = ({ image, inputs, mask }: Pair): readonly string[] => [...(inputs ?? [image]), mask];

/** What an earlier process has counted of a pair. */
async function countedBefore(run: ShardRun | undefined, pair: Pair): Promise<Counted | undefined> {
  const entry = await run?.doneBefore(basename(pair.image), filesOfPair(pair));
  return entry?.counted as Counted | undefined;
}

/** An outcome, which the manifest has then. */
async function recorded(pair: Pair, outcome: Counted | Failure, run: ShardRun | undefined) {
  const image = basename(pair.image);
  if ('error' in outcome) run?.failed({ image, code: outcome.code, error: outcome.error });
  else await run?.done({ image, bytes: await sizeOfFiles(filesOfPair(pair)), outputs: [], counted: outcome });
  return outcome;
}

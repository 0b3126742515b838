import { basename, join, parse, resolve } from 'node:path';
import type { Assumption } from '../../graph/common/assumption.js';
import { at } from '../../graph/common/at.js';
import { commonFault, imageFault, NmodeError, reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Recipe } from '../../graph/common/recipe.js';
import { inOrder } from '../../runtime/common/in-order.js';
import { channelOf, type Probabilities } from '../../runtime/common/raster.js';
import { labelPalette } from '../../runtime/images/class-colours.js';
import { drawClasses } from '../../runtime/images/draw.js';
import type { Tiling } from '../../runtime/images/job.js';
import {
  type Classes,
  legendOf,
  maskLabelsOf,
  nameOfLabel,
  refuseThreshold,
} from '../../runtime/masks/classes.js';
import type { Cleaning, Component } from '../../runtime/masks/components.js';
import type { ChannelFiles } from '../../runtime/node/images/channels.js';
import { encodePng, MAX_FILE_BYTES } from '../../runtime/node/images/files.js';
import { encodeNpy } from '../../runtime/node/images/npy.js';
import { loadModel } from '../../runtime/node/model.js';
import { type Segmentation, Segmenter, type SegmenterOptions } from '../../runtime/node/segmenter.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import type { ProviderReport } from '../../runtime/node/sessions/session.js';
import { finishOptions, type SegmentOptions } from '../../runtime/segment-options.js';
import type { Timings } from '../../runtime/segmenter.js';
import { findImages } from '../files/find-images.js';
import { arePatterns, caseOf, findCases, type ImageCase } from '../files/image-cases.js';
import { isOfOneFile, makeFolder, refuseOverwriting, writeTogether } from '../files/write-whole.js';

/** How probabilities are stored: float32 [classes, H, W], or one grey PNG of 16 bits a class (65535 for 1). */
export type ProbabilityFormat = 'npy' | 'png16';

export interface PredictOptions extends Omit<SegmenterOptions, 'at'>, Cleaning {
  /** An .onnx file that takes one image. */
  readonly model: string;
  /** Image files, and folders of them (not searched deeper); `-` for standard input. With `inputs`, folders alone, or none. */
  readonly images: readonly string[];
  /**
   * The files of an image's channels in their order: of one image their names, of many patterns such as `{case}_0000.png`, which
   * are looked for in each of the folders.
   */
  readonly inputs?: readonly string[];
  /** The folder for the masks, made where it does not exist; `-` for the one mask on standard output. */
  readonly output: string;
  /** Also write the image with the mask laid over it. */
  readonly overlay?: boolean;
  /** Also write the probabilities. */
  readonly probabilities?: ProbabilityFormat;
  /** The side of a pixel in millimetres, to tell areas in mm2 as well. */
  readonly mmPerPx?: number;
  /** A pixel belongs to the mask where its probability reaches this, 0..1; default 0.5. */
  readonly threshold?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A part of an image, measured. */
export interface Extent {
  readonly px: number;
  /** Where the size of a pixel is known. */
  readonly mm2?: number;
}

/** What was found of one class. */
export interface ClassRegions {
  /** Its value in label maps: the index of the class where classes exclude each other, else that and 1. */
  readonly label: number;
  /** What it is called, where that is known. */
  readonly name?: string;
  readonly area: Extent;
  /** Share of the image, 0..1. */
  readonly coverage: number;
  readonly count: number;
  /** At most the 1,000 largest connected parts, the largest first. */
  readonly components: readonly { readonly area: Extent; readonly box: Component['box'] }[];
}

export interface Prediction {
  readonly image: string;
  /** The files of its channels, where they were told: `image` is the first. */
  readonly inputs?: readonly string[];
  readonly width: number;
  readonly height: number;
  /** One file a class, the background aside. */
  readonly masks: readonly string[];
  /** A file of the class of each pixel, where there are several classes. */
  readonly labels?: string;
  readonly overlay?: string;
  readonly probabilities?: readonly string[];
  readonly classes: readonly ClassRegions[];
  /** Runs of the network: more than one where the image was cut into tiles. */
  readonly tiles: number;
  /** Harmless faults of the image's file that were passed over, one line each. */
  readonly warnings: readonly string[];
  /** How, where it was. */
  readonly tiling?: Tiling;
  readonly timings: Timings;
}

export interface PredictReport {
  readonly provider: ProviderReport;
  /** How images were prepared. */
  readonly recipe: Recipe;
  /** What the classes are to each other, and how many the model gives. */
  readonly semantics: Classes & { readonly count: number };
  /** What neither the model nor the options say, and what was taken for it. */
  readonly assumed: readonly Assumption[];
  readonly predictions: readonly Prediction[];
  /** Images that could not be segmented, or their outputs not be written; the others were. */
  readonly failures: readonly { readonly image: string; readonly error: NmodeError }[];
}

/** An image to segment, by the name that its outputs get. */
interface Task {
  readonly image: string;
  readonly name: string;
  readonly source: ChannelFiles;
}

/**
 * Segments images into mask PNGs of each image's own size: `NAME_mask.png` (`NAME_mask_1.png`, ... and
 * `NAME_labels.png` with several classes), `NAME_overlay.png`, `NAME_probabilities.npy` or `.png`.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there are none, BAD_USAGE, CANNOT_RUN; CANNOT_WRITE for what no file can be
 * written for (a full disk); what all images failed with alike, where that is no fault of theirs
 */
export async function predict(options: PredictOptions): Promise<PredictReport> {
  const { mmPerPx, output, signal, onProgress } = options;
  if (mmPerPx !== undefined && !(mmPerPx > 0 && Number.isFinite(mmPerPx))) {
    throw new NmodeError('BAD_USAGE', `${mmPerPx} mm a pixel, expected a number above 0`);
  }
  // What makes no sense is refused before anything is loaded.
  finishOptions(toSegmentOptions(options), 'image');
  const model = await loadModel(options.model);
  const { tasks, failures } = await findTasks(options);
  const [failure, ...more] = failures;
  if (tasks.length === 0 && failure !== undefined) {
    const others = more.length === 0 ? '' : `; and ${more.length} more`;
    throw new NmodeError('BAD_IMAGE', `${failure.error.message}${others}`);
  }
  checkOutput(options, tasks);
  await using segmenter = await Segmenter.load(model, {
    ...options,
    workers: options.workers ?? defaultWorkers(tasks),
  });
  const predictions: Prediction[] = [];
  const { classes: count, semantics } = segmenter;
  const expected = { count, maskLabels: maskLabelsOf(semantics, count) };
  refuseThreshold(semantics, count, options.threshold);
  if (output !== '-') {
    const outputs = tasks.flatMap(({ name }) => Object.values(filesOf(name, expected, options)).flat());
    const images = tasks.flatMap(({ image, source }) => (isFiles(source) ? source : [image]));
    await refuseOverwriting(outputs, images);
    await makeFolder(output);
  }
  let done = 0;
  const unfound = failures.length;
  onProgress?.(done, tasks.length);
  const one = (task: Task) => predictOne(segmenter, task, options);
  for await (const result of inOrder(tasks, segmenter.imagesAtOnce, one)) {
    signal?.throwIfAborted();
    if ('error' in result) failures.push(result);
    else predictions.push(result);
    onProgress?.(++done, tasks.length);
  }
  const errors = failures.slice(unfound).map(({ error }) => error);
  const common = predictions.length === 0 ? commonFault(errors) : undefined;
  if (common !== undefined) throw common;
  const { provider, recipe, assumed } = segmenter;
  return { provider, recipe, semantics: { ...semantics, count }, assumed, predictions, failures };
}

const isFiles = (source: ChannelFiles): source is readonly string[] => Array.isArray(source);

type Failure = PredictReport['failures'][number];

function toSegmentOptions({ probabilities, overlay, ...options }: PredictOptions): SegmentOptions {
  const wanted = { probabilities: probabilities !== undefined, pixels: overlay ?? false };
  return { ...options, ...wanted, components: true };
}

/** With two copies of the model, one has the cores while the other waits for its next image. */
function defaultWorkers(tasks: readonly Task[]): number {
  return Math.min(2, tasks.length, usableCores());
}

/** Standard output takes one file, and nothing else must come there. */
function checkOutput({ output, overlay, probabilities }: PredictOptions, tasks: readonly Task[]): void {
  if (output !== '-') return;
  if (overlay || probabilities || tasks.length > 1) {
    throw new NmodeError('BAD_USAGE', 'standard output takes one mask: name a folder for several files');
  }
}

/** @throws NmodeError (BAD_IMAGE) for more than an image's file may hold */
async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw new NmodeError('BAD_IMAGE', 'standard input: more than 1 GiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function findTasks({
  images: paths,
  inputs,
}: PredictOptions): Promise<{ tasks: readonly Task[]; failures: Failure[] }> {
  const tasks = new Map<string, Task>();
  const failures: Failure[] = [];
  const add = (task: Task) => {
    const other = tasks.get(task.name);
    if (other !== undefined && resolve(other.image) !== resolve(task.image)) {
      throw new NmodeError(
        'BAD_USAGE',
        `${other.image} and ${task.image} have one name, so that both would write ${task.name}_mask: rename one`,
      );
    }
    tasks.set(task.name, task);
  };
  const addCase = ({ name, files }: ImageCase) => add({ image: at(files, 0), name, source: files });
  if (inputs !== undefined && !arePatterns(inputs)) {
    if (paths.length > 0) {
      throw new NmodeError(
        'BAD_USAGE',
        `${option('inputs')} names the files of one image: give no other images`,
      );
    }
    addCase(caseOf(inputs));
    return { tasks: [...tasks.values()], failures };
  }
  if (inputs === undefined && paths.length === 0) throw new NmodeError('BAD_USAGE', 'no image is given');
  for (const path of new Set(inputs !== undefined && paths.length === 0 ? ['.'] : paths)) {
    if (inputs !== undefined) {
      const found = await findCases(path, inputs);
      found.cases.forEach(addCase);
      failures.push(...found.failures.map(({ name, error }) => ({ image: join(path, name), error })));
      continue;
    }
    if (path === '-') {
      add({ image: '-', name: 'stdin', source: await readStandardInput() });
      continue;
    }
    const found = await findImages(path).catch((error: NmodeError) => {
      failures.push({ image: path, error });
      return [];
    });
    for (const image of found) add({ image, name: parse(image).name, source: image });
  }
  return { tasks: [...tasks.values()], failures };
}

async function predictOne(
  segmenter: Segmenter,
  { image, name, source }: Task,
  options: PredictOptions,
): Promise<Prediction | Failure> {
  const { signal } = options;
  try {
    const segmentation = await segmenter.segment(source, toSegmentOptions(options));
    signal?.throwIfAborted();
    const files = await write(segmentation, segmenter.semantics, name, options).catch((error: unknown) => {
      if (error instanceof NmodeError) throw error;
      throw new NmodeError('CANNOT_RUN', `${basename(image)}: ${reason(error)}`, { cause: error });
    });
    const { width, height, tiles, tiling, warnings, timings } = segmentation;
    const classes = regionsOf(segmentation, segmenter.semantics, options.mmPerPx);
    const inTiles = { tiles, ...(tiling && { tiling }) };
    return {
      image,
      ...(isFiles(source) && { inputs: source }),
      width,
      height,
      ...files,
      classes,
      ...inTiles,
      warnings,
      timings,
    };
  } catch (error) {
    const fault = imageFault(error, signal);
    if (fault.code === 'CANNOT_WRITE' && !isOfOneFile(fault)) throw fault;
    return { image, error: fault };
  }
}

/** The classes that an image's files are of. */
interface FileClasses {
  /** Of all classes, the background included. */
  readonly count: number;
  readonly maskLabels: readonly number[];
}

/** Where the results of an image go. With several classes, the numbers in names are the values of the label map. */
function filesOf(
  name: string,
  { count, maskLabels }: FileClasses,
  { output, overlay, probabilities }: PredictOptions,
) {
  const base = join(output, name);
  const first = maskLabels.length === count ? at(maskLabels, 0) : 0;
  const perClass = (kind: string, labels: readonly number[]) =>
    labels.map((label) => `${base}_${kind}${count === 1 ? '' : `_${label}`}.png`);
  const all = Array.from({ length: count }, (_, index) => first + index);
  return {
    masks: output === '-' ? ['-'] : perClass('mask', maskLabels),
    ...(count > 1 && output !== '-' && { labels: `${base}_labels.png` }),
    ...(overlay && { overlay: `${base}_overlay.png` }),
    ...(probabilities && {
      probabilities: probabilities === 'npy' ? [`${base}_probabilities.npy`] : perClass('probabilities', all),
    }),
  };
}

/** Writes all files of an image, or, where one of them fails, none. */
async function write(segmentation: Segmentation, semantics: Classes, name: string, options: PredictOptions) {
  const { masks, maskLabels, labels, classes: count, image, probabilities } = segmentation;
  const legend = legendOf(semantics, count, maskLabels);
  const files = filesOf(name, { count, maskLabels }, options);
  if (options.output === '-' && masks.length > 1) {
    throw new NmodeError('BAD_USAGE', `standard output takes one mask, the model gives ${masks.length}`);
  }
  await writeTogether(async (put) => {
    for (const [index, file] of files.masks.entries()) {
      const png = await encodePng(at(masks, index));
      if (file === '-') process.stdout.write(png);
      else await put(file, png);
    }
    if (files.labels && labels) await put(files.labels, await encodePng(labels, labelPalette(maskLabels)));
    if (files.overlay && image) await put(files.overlay, await encodePng(drawClasses(image, masks, legend)));
    if (files.probabilities && probabilities)
      await writeProbabilities(probabilities, files.probabilities, put);
  });
  return files;
}

async function writeProbabilities(
  probabilities: Probabilities,
  files: readonly string[],
  put: (file: string, contents: Uint8Array) => Promise<void>,
): Promise<void> {
  const { classes, height, width, data } = probabilities;
  for (const [index, file] of files.entries()) {
    if (file.endsWith('.npy')) {
      await put(file, encodeNpy([classes, height, width], data));
      continue;
    }
    const channel = channelOf(probabilities, index);
    const grey = Uint16Array.from(channel.data, (value) =>
      Math.round(Math.min(Math.max(value, 0), 1) * 65535),
    );
    await put(file, await encodePng({ ...channel, data: grey }));
  }
}

function regionsOf(
  { masks, maskLabels, components, classes }: Segmentation,
  semantics: Classes,
  mmPerPx: number | undefined,
): readonly ClassRegions[] {
  const extent = (px: number): Extent => ({
    px,
    ...(mmPerPx !== undefined && { mm2: Number((px * mmPerPx ** 2).toPrecision(12)) }),
  });
  if (components === undefined) throw new TypeError('components were not asked for');
  return masks.map((mask, index) => {
    const { count, area: px, largest } = at(components, index);
    const label = at(maskLabels, index);
    const name = nameOfLabel(semantics, classes, label);
    return {
      label,
      ...(name !== undefined && { name }),
      area: extent(px),
      coverage: px / mask.data.length,
      count,
      components: largest.map((part) => ({ area: extent(part.area), box: part.box })),
    };
  });
}

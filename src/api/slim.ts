import { basename, dirname } from 'node:path';
import { encodeSafetensors } from '../../exporters/checkpoints/write-safetensors.js';
import { at } from '../../graph/common/at.js';
import { badUsage, NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import { VERSION } from '../../graph/common/version.js';
import { withCallbacks } from '../../runtime/common/callbacks.js';
import { warningsOf } from '../../runtime/images/depth.js';
import type { ModelSpec } from '../../runtime/images/job.js';
import { readChannels } from '../../runtime/node/images/channels.js';
import { requirePackages } from '../../runtime/node/packages.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import { loadRuntime } from '../../runtime/node/sessions/onnxruntime.js';
import { listed } from '../../runtime/truth/truth.js';
import { warningLines } from '../files/file-warnings.js';
import { findImages } from '../files/find-images.js';
import { completeCases } from '../files/image-cases.js';
import { type Failure, findPairs, masksAmong, type Pair } from '../files/pairs.js';
import { makeFolder, refuseOverwriting, refuseUnwritable, writeTogether } from '../files/write-whole.js';
import type { SlimImage } from '../slimming/features/features.js';
import {
  type Compared,
  type Contestants,
  compared,
  contestantsOf,
  drawn,
} from '../slimming/figures/comparison.js';
import { slimReportPage } from '../slimming/figures/report.js';
import { slimTable } from '../slimming/figures/table.js';
import { firstWeights } from '../slimming/fitting/student.js';
import { locked } from '../slimming/lock.js';
import { planSlim } from '../slimming/options.js';
import type { SlimOptions } from '../slimming/slim-options.js';
import type { SlimReport } from '../slimming/slim-report.js';
import { fewTested, splitImages } from '../slimming/split.js';
import type { Student } from '../slimming/teacher/teacher.js';
import { fitted, frameOf, type SlimTask, stateOfTask } from '../slimming/training.js';
import { shortfall } from '../slimming/verdict.js';
import { openTeacher } from './slim-teacher.js';
import { writeProven } from './write-proven.js';

/**
 * Fits an nmODE decoder to a trained network's own answers on images that nobody has to label, and puts it in the place of the network's.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_CHECKPOINT, BAD_IMAGE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the student is not good
 *   enough or the training diverged. In every case nothing is written but the state from which `resume` goes on
 */
export async function slim(options: SlimOptions): Promise<SlimReport> {
  planSlim(options);
  return withCallbacks(options, slimming);
}

async function slimming(options: SlimOptions): Promise<SlimReport> {
  requirePackages('fitting a decoder');
  const { teacher, notes, sources, close } = await openTeacher(options);
  try {
    const plan = planSlim(options, teacher.classes);
    const found = await imagesOf(options, teacher.spec);
    const { images, truth, unused, notes: ofMasks } = await withTruth(options, found);
    const masks = [...truth.values()].map(({ mask }) => mask);
    await refuseOutputs(options, [...sources, ...images.flatMap(({ files }) => files), ...masks]);
    const task = { options, plan, teacher, images, truth };
    return await locked(`${options.output}.lock`, () => slimmed(task, [...notes, ...ofMasks], unused));
  } finally {
    close();
  }
}

async function slimmed(
  task: SlimTask,
  notes: readonly string[],
  unused: readonly Failure[],
): Promise<SlimReport> {
  const { options, plan, teacher, images } = task;
  const { signal, onProgress } = options;
  // What does not fit is refused before anything is trained.
  const { assumed } = await teacher.student(plan.decoder, firstWeights(frameOf(task)));
  onProgress?.({ phase: 'teacher', recipe: teacher.spec.recipe, assumed });
  const kept = await stateOfTask(task);
  const parts = await splitImages(images, {
    ...pick(plan, ['holdOut', 'seed']),
    signal,
    onProgress: (done, total) => onProgress?.({ phase: 'images', done, total }),
  });
  const fit = await fitted(task, parts, kept);
  const student = await teacher.student(plan.decoder, fit.weights);
  const contestants = contestantsOf(task, student, fit.masksAt);
  const figures = await compared(task, student, contestants, parts);
  const lack = shortfall(figures.student, figures.teacher, plan.gates);
  if (lack !== undefined && !options.force) throw refused(lack, figures, kept.state.path);
  const { record } = fit;
  const report: SlimReport = {
    ...{ network: teacher.name, output: options.output, decoder: plan.decoder.id, encoder: teacher.encoder },
    fitted: fit.parameters,
    images: { train: parts.train.length, heldOut: parts.heldOut.length, test: parts.test.length },
    duplicates: parts.duplicates.map((group) => group.map(({ name }) => name)),
    failures: [
      ...parts.failures.map(({ name, error }) => ({ name, code: error.code, error: error.message })),
      ...unused,
    ],
    ...{ recipe: teacher.spec.recipe, assumed: student.assumed, seed: plan.seed },
    ...{ steps: record.step, runningFrom: fit.runningFrom, bestStep: fit.step },
    ...pick(record, ['losses', 'looks', 'seconds']),
    threads: plan.session.threads ?? usableCores(),
    ...pick(figures, ['teacher', 'student', 'teacherInt8', 'heldOut']),
    versions: {
      ...{ nmode: VERSION, node: process.versions.node },
      onnxruntime: (await loadRuntime()).env.versions.node ?? 'unknown',
    },
    warnings: warningLines(parts.warnings),
    notes: [
      ...[...notes, ...fit.fallbacks, ...student.notes, ...figures.notes],
      ...fewTested(parts.test.length),
      ...(lack === undefined ? [] : [`written nevertheless: ${lack}`]),
    ],
  };
  await write(task, student, contestants, report);
  await kept.state.remove();
  return report;
}

function refused(lack: string, figures: Compared, state: string): NmodeError {
  const resume = option('resume', true);
  const ways = `give more ${option('steps')} with ${resume}, more images without it, or ${option('force', true)} to write it nevertheless`;
  return new NmodeError('CHECK_FAILED', `${lack}: ${ways}; nothing was written but ${state}, for ${resume}`, {
    detail: slimTable(figures).split('\n'),
  });
}

/** All files, or none. */
async function write(
  task: SlimTask,
  student: Student,
  contestants: Contestants,
  report: SlimReport,
): Promise<void> {
  const { output, saveWeights, report: page, images, inputs, signal } = task.options;
  await writeTogether(async (put) => {
    if (saveWeights !== undefined) await put(saveWeights, encodeSafetensors(student.weights));
    if (page !== undefined)
      await put(page, slimReportPage(report, await drawn(task, contestants, report.student)));
    const { model, isProven, ...made } = pick(student, ['model', 'head', 'assumed', 'notes', 'isProven']);
    const metadata = new Map([...model.metadata, [SLIMMED_KEY, slimmedText(report)]]);
    const by = isProven ? {} : { images, ...(inputs && { inputs }) };
    const proof = { output, ...by, ...(signal && { signal }) };
    await writeProven({ ...made, model: { ...model, metadata }, isProven, name: basename(output) }, proof);
  });
}

/** The key of `metadata_props` that says how a decoder was fitted; where its encoder is from, those of every export say. */
const SLIMMED_KEY = 'nmode.slimmed';

const slimmedText = ({ network, seed, steps, bestStep, images }: SlimReport): string =>
  JSON.stringify({ network, seed, steps, bestStep, images });

/** @throws NmodeError (BAD_IMAGE, BAD_USAGE) */
async function imagesOf({ images, inputs }: SlimOptions, spec: ModelSpec): Promise<readonly SlimImage[]> {
  const image = (name: string, files: SlimImage['files']) => ({
    ...{ name, files },
    read: async () => {
      const read = await readChannels(files, spec);
      return { ...read, warnings: warningsOf(read, spec.recipe.normalization) };
    },
  });
  if (inputs === undefined) return (await findImages(images)).map((file) => image(basename(file), file));
  return (await completeCases(images, inputs)).map(({ name, files }) => image(name, files));
}

interface WithTruth {
  /** Without the masks that may be in their folder. */
  readonly images: readonly SlimImage[];
  /** By the names of the images that have some. */
  readonly truth: ReadonlyMap<string, Pair>;
  /** Masks that belong to no image, and images whose mask is not clear. */
  readonly unused: readonly Failure[];
  readonly notes: readonly string[];
}

/** @throws NmodeError (BAD_IMAGE, BAD_USAGE) */
async function withTruth(
  { images: folder, masks, inputs }: SlimOptions,
  found: readonly SlimImage[],
): Promise<WithTruth> {
  if (masks === undefined) return withoutMasks(folder, found);
  const { pairs, failures, unmasked, images: files } = await findPairs(folder, masks, { inputs });
  const pairOf = new Map(pairs.map((pair) => [pair.image, pair]));
  const firstOf = (image: SlimImage) => at([image.files].flat(), 0);
  const own = new Set(files);
  const images = found.filter((image) => own.has(firstOf(image)));
  const paired = images.flatMap((image): [string, Pair][] => {
    const pair = pairOf.get(firstOf(image));
    return pair === undefined ? [] : [[image.name, pair]];
  });
  return {
    images,
    truth: new Map(paired),
    unused: failures.filter(({ name }) => !unmasked.has(name)),
    notes: [],
  };
}

/** Where nobody names masks, files that look like some are no images to learn from. */
function withoutMasks(folder: string, found: readonly SlimImage[]): WithTruth {
  const masks = new Set(masksAmong(found.flatMap(({ files }) => files)));
  const images = found.filter(({ files }) => ![files].flat().some((file) => masks.has(file)));
  const names = listed([...masks].map((file) => basename(file)));
  const note = `ignored in ${folder}, as masks of other images by their names: ${names}; ${option('masks', folder)} uses them`;
  const notes = masks.size === 0 ? [] : [note];
  return { images, truth: new Map(), unused: [], notes };
}

/** @throws NmodeError (BAD_USAGE) for outputs that would overwrite inputs or each other */
async function refuseOutputs(
  { output, saveWeights, report }: SlimOptions,
  inputs: readonly string[],
): Promise<void> {
  const outputs = [output, saveWeights, report].filter((path) => path !== undefined);
  const twice = outputs.find((path, index) => outputs.indexOf(path) < index);
  if (twice !== undefined) throw badUsage(`${twice}: two files are to be written there`);
  await refuseOverwriting(outputs, inputs);
  // The state is written during the training.
  for (const path of outputs) await makeFolder(dirname(path));
  for (const path of outputs) await refuseUnwritable(path);
}

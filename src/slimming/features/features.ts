import { at } from '../../../graph/common/at.js';
import { badUsage, NmodeError } from '../../../graph/common/errors.js';
import { MAX_HALF, toHalf } from '../../../graph/common/half.js';
import { option } from '../../../graph/common/option.js';
import { pick } from '../../../graph/common/pick.js';
import { encodeModel } from '../../../graph/file/write.js';
import { inOrder } from '../../../runtime/common/in-order.js';
import { naming } from '../../../runtime/common/naming.js';
import { channelOf, type Probabilities } from '../../../runtime/common/raster.js';
import { Job } from '../../../runtime/images/job.js';
import { resizeBilinear } from '../../../runtime/images/resize.js';
import { masksOf } from '../../../runtime/masks/classes.js';
import { createSession, type ProviderReport, type Session } from '../../../runtime/node/sessions/session.js';
import type { Floats, TypedTensor } from '../../../runtime/sessions/tensors.js';
import { outputOf } from '../../transform/output-of.js';
import type { SlimPlan } from '../options.js';
import type { ImageSource } from '../split.js';
import type { Teacher } from '../teacher/teacher.js';
import { ANSWER, HELD, halfName, withAnswers } from '../teacher/teacher-answers.js';
import { FeatureStore } from './feature-store.js';
import { type View, viewsOf } from './views.js';

/** An image to learn from. */
export interface SlimImage extends ImageSource {
  /** Its file, or those of its channels. */
  readonly files: string | readonly string[];
}

/** What a student is to say of views of an image, by what the teacher does. */
export type Targets = (
  image: SlimImage,
  size: { readonly width: number; readonly height: number },
  shape: Pick<Probabilities, 'classes' | 'width' | 'height'>,
) => Promise<(given: Probabilities, view: View) => Probabilities>;

export interface CollectOptions extends Pick<SlimPlan, 'views' | 'budget' | 'folder' | 'session'> {
  /** Of images that are trained on; default the teacher's own probabilities. */
  readonly targets: Targets | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

/** Features and targets of images, by the numbers of their records. */
export interface Collected {
  /** A record's parts: the features, shallow to deep, and the targets. */
  readonly store: FeatureStore;
  /** The shapes of the parts, for one image. */
  readonly shapes: readonly (readonly number[])[];
  /** How many pixels of the network's input one of theirs stands for, along each axis. */
  readonly scales: readonly (readonly number[])[];
  /** Every view of every image that is trained on. */
  readonly train: readonly number[];
  readonly heldOut: readonly number[];
  /** Where teacher and student have masks of one size: a teacher that gives coarser ones has them at images' own alone. */
  readonly masksAt: 'network' | 'image';
  /** Where the teacher ran. */
  readonly provider: ProviderReport;
}

/** Images that are read ahead of the one that is prepared. */
const LOOK_AHEAD = 2;

/** Views that are with the teacher: while it runs one, the next is prepared and what it gave for the last is kept. */
const RUN_AHEAD = 2;

/**
 * Runs the teacher on images and keeps its features and its probabilities, in half precision.
 * @param groups images that are trained on, and those that are looked at between steps
 * @throws NmodeError: BAD_MODEL for what are no probabilities; CHECK_FAILED where the teacher finds
 *   nothing, or features are too large; CANNOT_RUN, CANNOT_WRITE; the signal's reason
 */
export async function collect(
  teacher: Teacher,
  groups: { readonly train: readonly SlimImage[]; readonly heldOut: readonly SlimImage[] },
  options: CollectOptions,
): Promise<Collected> {
  const { signal, onProgress } = options;
  await using session = await createSession(encodeModel(withAnswers(teacher)), options.session);
  const images = [
    ...groups.train.map((image) => ({ image, isTrained: true })),
    ...groups.heldOut.map((image) => ({ image, isTrained: false })),
  ];
  const [train, heldOut]: [number[], number[]] = [[], []];
  const scales = [...teacher.skips.map(({ scale }) => scale), [1, 1]];
  let collected: (Pick<Collected, 'store' | 'shapes'> & { readonly first: string }) | undefined;
  let [done, found, coarse] = [0, false, false];
  onProgress(0, images.length);
  const answered = async (seen: Seen) => ({ seen, outputs: await answersTo(seen, session, teacher, signal) });
  try {
    for await (const { seen, outputs } of inOrder(viewsIn(images, teacher, options), RUN_AHEAD, answered)) {
      signal?.throwIfAborted();
      const { image, isTrained, isLast } = seen;
      const { parts, shapes, hasMask, isCoarse } = await record(teacher, session, seen, outputs);
      collected ??= { shapes, store: storeFor(teacher, shapes, options), first: image.name };
      refuseOtherSize(image.name, shapes, collected);
      (isTrained ? train : heldOut).push(collected.store.count);
      await collected.store.add(parts);
      found ||= hasMask;
      coarse ||= isCoarse;
      if (isLast) onProgress(++done, images.length);
    }
    if (collected === undefined) throw new TypeError('no image');
    if (!found) throw blind(teacher, images.length);
    const { provider } = session;
    const masksAt = coarse ? 'image' : 'network';
    return { ...pick(collected, ['store', 'shapes']), scales, train, heldOut, provider, masksAt };
  } catch (error) {
    await collected?.store.close();
    throw error;
  }
}

/** A view of an image, prepared for the teacher. */
interface Seen {
  readonly image: SlimImage;
  readonly isTrained: boolean;
  readonly isLast: boolean;
  readonly job: Job;
  readonly fed: Floats;
  /** What the student is to say of it, by what the teacher does. */
  targets(given: Probabilities): Promise<Probabilities>;
}

/** All views of all images, each prepared when it is asked for. */
async function* viewsIn(
  images: readonly Pick<Seen, 'image' | 'isTrained'>[],
  { spec, classes }: Teacher,
  { views, targets: targetsOf }: CollectOptions,
): AsyncGenerator<Seen, void, undefined> {
  const { sizing, normalization } = spec.recipe;
  const read = async (wanted: (typeof images)[number]) => ({ ...wanted, raster: await wanted.image.read() });
  for await (const { image, isTrained, raster } of inOrder(images, LOOK_AHEAD, read)) {
    const size = sizing.kind === 'resize' ? sizing : raster;
    const count = isTrained ? views : 1;
    let targetsAt: ReturnType<Targets> | undefined;
    let made = 0;
    for (const view of viewsOf(raster, { count, name: image.name, normalization, size })) {
      const job = new Job(view.image, spec);
      const fed = job.input(0);
      const { dims, data } = fed;
      if (!(data instanceof Float32Array)) throw new TypeError('prepared pixels are float32');
      const targets = async (given: Probabilities) => {
        if (!isTrained || targetsOf === undefined) return given;
        targetsAt ??= targetsOf(image, raster, { classes, ...sizeOf(dims) });
        return (await targetsAt)(given, view);
      };
      yield { image, isTrained, isLast: ++made === count, job, fed: { dims, data }, targets };
    }
  }
}

const sizeOf = ([, , height = 1, width = 1]: readonly number[]) => ({ height, width });

/** What the teacher gives for a view: its probabilities, and its features in half precision. */
async function answersTo({ fed }: Seen, session: Session, { skips }: Teacher, signal?: AbortSignal) {
  const names = [ANSWER, HELD, ...skips.map((_, index) => halfName(index))];
  const outputs = await session.run(inputsOf(session, fed), { outputs: names, ...(signal && { signal }) });
  const tensorOf = <T extends 'float32' | 'float16'>(name: string, type: T) => {
    const output = outputs[name];
    if (output?.type !== type) throw new TypeError(`no output '${name}' of ${type}`);
    return output as TypedTensor<T>;
  };
  return {
    given: tensorOf(ANSWER, 'float32'),
    // Whether half precision holds all features.
    isHeld: !tensorOf(HELD, 'float32').data.some(Number.isNaN),
    halves: skips.map((_, index) => tensorOf(halfName(index), 'float16')),
  };
}

function inputsOf({ inputs: [port] }: Session, fed: Floats): Readonly<Record<string, Floats>> {
  if (port === undefined) throw new TypeError('no input');
  return { [port.name]: fed };
}

type Answers = Awaited<ReturnType<typeof answersTo>>;

/** What is kept of a view. */
async function record(teacher: Teacher, session: Session, seen: Seen, { given, halves, isHeld }: Answers) {
  const { job, fed, image } = seen;
  const { height, width } = sizeOf(fed.dims);
  naming(teacher.name, () => job.place(0, given));
  const answer = probabilitiesOf(job);
  const probabilities = atSize(answer, height, width);
  const targets = await seen.targets(probabilities);
  for (const [index, { data }] of isHeld ? [] : halves.entries()) {
    const beyond = data.findIndex((half) => (half & INFINITE) === INFINITE);
    if (beyond < 0) continue;
    const { tensor } = at(teacher.skips, index);
    const whole = await session.run(inputsOf(session, fed), { outputs: [tensor], type: 'float32' });
    throw notHeld(teacher, tensor, image.name, at(outputOf(whole, tensor).data, beyond));
  }
  return {
    parts: [...halves.map(({ data }) => data), toHalf(targets.data)],
    shapes: [...halves.map(({ dims }) => dims), [1, targets.classes, targets.height, targets.width]],
    isCoarse: answer.height !== height || answer.width !== width,
    hasMask: masksOf(probabilities, teacher.spec.classes, undefined, {}).masks.some(({ data }) =>
      data.includes(255),
    ),
  };
}

function probabilitiesOf(job: Job): Probabilities {
  const { probabilities } = job.finish({
    ...{ threshold: undefined, at: 'network' },
    ...{ wantProbabilities: true, wantComponents: false, wantPixels: false },
  });
  if (probabilities === undefined) throw new TypeError('no probabilities');
  return probabilities;
}

/** At the size of the network's input, also of a network that gives them coarser. */
function atSize(probabilities: Probabilities, height: number, width: number): Probabilities {
  if (probabilities.height === height && probabilities.width === width) return probabilities;
  const { classes } = probabilities;
  const data = new Float32Array(classes * height * width);
  for (let label = 0; label < classes; label++)
    data.set(resizeBilinear(channelOf(probabilities, label), width, height).data, label * height * width);
  return { classes, height, width, data };
}

/** Crops of a step are of one size, and so is the student. @throws NmodeError (BAD_USAGE) */
function refuseOtherSize(
  name: string,
  shapes: Collected['shapes'],
  { first, shapes: expected }: Pick<Collected, 'shapes'> & { readonly first: string },
): void {
  const [height, width] = at(shapes, shapes.length - 1).slice(-2);
  const [rows, columns] = at(expected, expected.length - 1).slice(-2);
  if (height === rows && width === columns) return;
  throw badUsage(
    `${name}: ${height}x${width} where ${first} is ${rows}x${columns}, and a decoder is fitted at one size: give ${option('size')}, which all images are resized to`,
  );
}

/** A feature that half precision does not hold, or that is no number. */
function notHeld({ name }: Teacher, tensor: string, image: string, value: number): NmodeError {
  const why = Number.isFinite(value)
    ? `features are kept in half precision, up to ${MAX_HALF}: give the network as an .onnx file, and name other feature maps of it with ${option('skips')}`
    : 'nothing can be learnt from that: weights of the network are damaged, or images are not prepared as it expects';
  return new NmodeError(
    'CHECK_FAILED',
    `${name}: its feature map '${tensor}' holds ${value} for ${image}, and ${why}`,
  );
}

/** The exponent of infinity, and of what is not a number. */
const INFINITE = 0x7c00;

/** Crops begin and end at whole strides: so do bands, where these divide all maps. */
function storeFor({ skips }: Teacher, shapes: Collected['shapes'], { budget, folder }: CollectOptions) {
  const [, , height = 1] = at(shapes, shapes.length - 1);
  const bands = height / Math.max(...skips.map(({ scale }) => at(scale, 0)));
  const areWhole = shapes.every(([, , rows = 1]) => rows % bands === 0);
  return new FeatureStore(shapes, areWhole ? bands : 1, budget, folder);
}

function blind({ name, assumed }: Teacher, images: number): NmodeError {
  const guess = assumed.some(({ what }) => what === 'recipe')
    ? `, or say with ${option('recipe')} how they are prepared`
    : '';
  return new NmodeError(
    'CHECK_FAILED',
    `${name}: its masks are empty on all ${images} images, so there is nothing to learn: give images like those it was trained on${guess}`,
  );
}

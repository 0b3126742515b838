import { at } from '../../graph/common/at.js';
import { badUsage, NmodeError } from '../../graph/common/errors.js';
import { MAX_HALF, toHalf } from '../../graph/common/half.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import { encodeModel } from '../../graph/file/write.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { inOrder } from '../../runtime/common/in-order.js';
import { naming } from '../../runtime/common/naming.js';
import { channelOf, type ImageRaster, type Probabilities } from '../../runtime/common/raster.js';
import { Job } from '../../runtime/images/job.js';
import { resizeBilinear } from '../../runtime/images/resize.js';
import { masksOf } from '../../runtime/masks/classes.js';
import {
  createSession,
  type ProviderReport,
  type Session,
  type SessionOptions,
} from '../../runtime/node/sessions/session.js';
import type { Floats } from '../../runtime/sessions/tensors.js';
import { outputOf } from '../transform/output-of.js';
import { FeatureStore } from './feature-store.js';
import type { ImageSource } from './split.js';
import type { Teacher } from './teacher.js';
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

export interface CollectOptions {
  /** Of each image that is trained on. */
  readonly views: number;
  /** Bytes that features may take in memory. */
  readonly budget: number;
  /** For the file of what is beyond them. */
  readonly folder: string;
  readonly session: SessionOptions;
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

/** Images that are read ahead of the one that runs. */
const LOOK_AHEAD = 2;

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
  await using session = await createSession(encodeModel(teacher.withSkips), options.session);
  const images = [
    ...groups.train.map((image) => ({ image, views: options.views })),
    ...groups.heldOut.map((image) => ({ image, views: 1 })),
  ];
  const [train, heldOut]: [number[], number[]] = [[], []];
  const scales = [...teacher.skips.map(({ scale }) => scale), [1, 1]];
  let collected: (Pick<Collected, 'store' | 'shapes'> & { readonly first: string }) | undefined;
  let [done, found, coarse] = [0, false, false];
  onProgress(0, images.length);
  try {
    for await (const opened of inOrder(images, LOOK_AHEAD, withPixels)) {
      signal?.throwIfAborted();
      const isTrained = done < groups.train.length;
      const own = { ...options, targets: isTrained ? options.targets : undefined };
      const { name } = opened.image;
      for await (const { parts, shapes, hasMask, isCoarse } of look(teacher, session, opened, own)) {
        collected ??= { shapes, store: storeFor(shapes, options), first: name };
        refuseOtherSize(name, shapes, collected);
        (isTrained ? train : heldOut).push(collected.store.count);
        await collected.store.add(parts);
        found ||= hasMask;
        coarse ||= isCoarse;
      }
      onProgress(++done, images.length);
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

interface Opened {
  readonly image: SlimImage;
  readonly raster: ImageRaster;
  readonly views: number;
}

const withPixels = async (wanted: Omit<Opened, 'raster'>): Promise<Opened> => ({
  ...wanted,
  raster: await wanted.image.read(),
});

/** What the teacher makes of each view of an image. */
async function* look(
  teacher: Teacher,
  session: Session,
  { image, raster, views: count }: Opened,
  { targets: targetsOf, signal }: CollectOptions,
) {
  const { skips, spec, classes } = teacher;
  const { sizing, normalization } = spec.recipe;
  const [port] = session.inputs;
  const [mask] = session.outputs;
  if (port === undefined || mask === undefined) throw new TypeError('no input or no output');
  const size = sizing.kind === 'resize' ? sizing : raster;
  let targetsAt: Awaited<ReturnType<Targets>> | undefined;
  for (const view of viewsOf(raster, { count, name: image.name, normalization, size })) {
    const job = new Job(view.image, spec);
    const fed = job.input(0);
    if (!(fed.data instanceof Float32Array)) throw new TypeError('prepared pixels are float32');
    const [, , height = 1, width = 1] = fed.dims;
    const outputs = await session.run({ [port.name]: fed }, { type: 'float32', ...(signal && { signal }) });
    const given = outputOf(outputs, mask.name);
    refuseLogits(teacher, given);
    naming(teacher.name, () => job.place(0, given));
    const answer = probabilitiesOf(job);
    const probabilities = atSize(answer, height, width);
    targetsAt ??= await targetsOf?.(image, raster, { classes, height, width });
    const targets = targetsAt?.(probabilities, view) ?? probabilities;
    const features = skips.map(({ tensor }) => outputOf(outputs, tensor));
    const parts = features.map(({ data }, index) => halved(teacher, index, image.name, data));
    yield {
      parts: [...parts, toHalf(targets.data)],
      shapes: [...features.map(({ dims }) => dims), [1, targets.classes, targets.height, targets.width]],
      isCoarse: answer.height !== height || answer.width !== width,
      hasMask: masksOf(probabilities, spec.classes, undefined, {}).masks.some(({ data }) =>
        data.includes(255),
      ),
    };
  }
}

/** @throws NmodeError (BAD_USAGE) where nobody says what the network ends in, and it ends in no probabilities */
function refuseLogits({ name, spec }: Teacher, { data }: Floats): void {
  if (spec.head !== undefined || !spec.assumed.some((assumption) => assumption.option === 'head')) return;
  const logit = data.find((value) => (value < -TOLERANCE || value > 1 + TOLERANCE) && Number.isFinite(value));
  if (logit === undefined) return;
  throw badUsage(
    `${name}: it gives ${logit}, which is not a probability: say what turns its logits into probabilities, ${option('head', 'sigmoid')} or ${option('head', 'softmax')}`,
  );
}

/** Rounding may pass 0 and 1 by a little. */
const TOLERANCE = 1e-3;

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

/** @throws NmodeError (CHECK_FAILED) for what half precision does not hold, and for what are no numbers */
function halved({ name, skips }: Teacher, index: number, image: string, data: Float32Array): Uint16Array {
  const halves = toHalf(data);
  const beyond = firstBeyond(halves);
  if (beyond < 0) return halves;
  const value = at(data, beyond);
  const why = Number.isFinite(value)
    ? `features are kept in half precision, up to ${MAX_HALF}: give the network as an .onnx file, and name other feature maps of it with ${option('skips')}`
    : 'nothing can be learnt from that: weights of the network are damaged, or images are not prepared as it expects';
  throw new NmodeError(
    'CHECK_FAILED',
    `${name}: its feature map '${skips[index]?.tensor}' holds ${value} for ${image}, and ${why}`,
  );
}

/** The first that is infinite or no number; -1 for none. There are millions. */
function firstBeyond(halves: Uint16Array): number {
  for (let index = 0; index < halves.length; index++)
    if (((halves[index] as number) & INFINITE) === INFINITE) return index;
  return -1;
}

/** The exponent of infinity, and of what is not a number. */
const INFINITE = 0x7c00;

function storeFor(shapes: Collected['shapes'], { budget, folder }: CollectOptions): FeatureStore {
  return new FeatureStore(shapes.map(elementCount), budget, folder);
}

function blind({ name, assumed }: Teacher, images: number): NmodeError {
  const guess = assumed.some((assumption) => assumption.option === 'recipe')
    ? `, or say with ${option('recipe')} how they are prepared`
    : '';
  return new NmodeError(
    'CHECK_FAILED',
    `${name}: its masks are empty on all ${images} images, so there is nothing to learn: give images like those it was trained on${guess}`,
  );
}

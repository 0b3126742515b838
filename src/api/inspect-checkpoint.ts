import { assumptionsOf } from '../../exporters/assembly/assumptions.js';
import { buildModel, type InputSize, networkCost, sizeMultiples } from '../../exporters/assembly/build.js';
import { namedClasses } from '../../exporters/assembly/class-names.js';
import {
  type DecoderId,
  type Description,
  type Detected,
  describe,
} from '../../exporters/assembly/describe.js';
import { inputSizeOf } from '../../exporters/assembly/export-plan.js';
import { SeveralNetworks } from '../../exporters/assembly/locate.js';
import {
  detectIn,
  finishedIn,
  ignoredKeys,
  ignoredNotes,
  prefixIn,
  prefixNotes,
  weightsIn,
} from '../../exporters/assembly/network-weights.js';
import { drawingOf } from '../../exporters/backbones/plain/drawing.js';
import { differencesOf } from '../../exporters/backbones/plain/hypotheses.js';
import { type Checkpoint, type CheckpointFormat, openCheckpoint } from '../../exporters/checkpoints/open.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { unreadableText } from '../../exporters/checkpoints/unreadable.js';
import type { Order } from '../../exporters/decoders/block.js';
import { at } from '../../graph/common/at.js';
import { NmodeError, reason, unlessRefused } from '../../graph/common/errors.js';
import { pick } from '../../graph/common/pick.js';
import type { DType } from '../../graph/ir/dtype.js';
import { elementCount, type Tensor } from '../../graph/ir/tensor.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { RELEASE_SIDE } from '../../graph/recipe/recipe.js';
import { hypothesesIn, isSaid } from './structure/structure.js';

export interface TensorReport {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** The tensors of a file, in its order. */
export function tensorReports(tensors: ReadonlyMap<string, Tensor>): readonly TensorReport[] {
  return Array.from(tensors, ([name, { dtype, dims }]) => ({ name, dtype, shape: dims }));
}

export interface CheckpointReport {
  readonly kind: 'checkpoint';
  readonly file: string;
  readonly format: CheckpointFormat;
  /** What the keys tell; absent for a network that is not known. */
  readonly architecture?: {
    readonly backbone: string;
    readonly widths: readonly number[];
    /** Of each feature: one number where all axes of space have it, or one for each. */
    readonly scales: readonly (number | readonly number[])[];
    readonly inputChannels: number;
    readonly classes: number;
    /** What these are called, where the file says it. */
    readonly classNames?: readonly string[];
    /** What follows the logits, where it is known. */
    readonly activation?: 'sigmoid' | 'softmax';
    /** The decoders that the keys allow. */
    readonly decoders: readonly DecoderId[];
    readonly order?: Order;
    readonly kernel?: number;
    readonly stateChannels?: number;
    /** What tells the network, or its own decoder, from others of the name. */
    readonly variant?: Readonly<Record<string, string>>;
    /** @deprecated The same as `variant`. */
    readonly form?: Readonly<Record<string, string>>;
  };
  /** What a network that is not known by its keys is taken for by its shapes. */
  readonly structure?: {
    /** Of the likeliest hypothesis, as `assume` takes it. */
    readonly id: string;
    /** A line for each of its convolutions, in the order in which they run, indented by level. */
    readonly drawing: readonly string[];
    /** The next hypotheses, and what each is where it differs from the likeliest. */
    readonly next: readonly { readonly id: string; readonly differences: readonly string[] }[];
    /** How many hypotheses the shapes allow, 300 at most. */
    readonly count: number;
  };
  /** What an export assumes unless its options say otherwise; absent for an unknown network. */
  readonly assumed?: readonly Assumption[];
  /** Why there is no architecture, or which keys do not fit it. */
  readonly problem?: string;
  /** Where the weights were found, if that is worth telling, and what else the file holds. */
  readonly note?: string;
  /** What the network's keys begin with in the file; absent for nothing. */
  readonly prefix?: string;
  /** Keys of the file that the network does not use, counters not listed; absent where there are none. */
  readonly leftAside?: readonly string[];
  /**
   * Floating-point numbers of the network, BatchNorm's running statistics not counted; where it is not known or keys do not fit it, of all tensors
   * except those that are ignored.
   */
  readonly parameters: number;
  /** Multiply-adds of one run at `macsAt`. */
  readonly macs?: number;
  readonly macsAt?: readonly number[];
  readonly tensors: readonly TensorReport[];
}

const FLOATS: readonly DType[] = ['float16', 'bfloat16', 'float32', 'float64'];

/** What a checkpoint holds, and which network it is of. @throws NmodeError (BAD_CHECKPOINT); the signal's reason */
export async function inspectCheckpoint(
  path: string,
  key: string | undefined,
  selection: KeySelection,
  signal?: AbortSignal,
): Promise<CheckpointReport> {
  const checkpoint = await openCheckpoint(path, key, selection);
  try {
    signal?.throwIfAborted();
    const { notes, parameters, ...network } = architecture(checkpoint);
    const note = [checkpoint.note, ...notes].filter(Boolean).join('; ');
    const ignored = new Set(network.leftAside);
    const trained = [...checkpoint.tensors].filter(
      ([key, { dtype }]) =>
        FLOATS.includes(dtype) &&
        !/\.running_(mean|var)$/.test(key) &&
        !ignored.has(`${checkpoint.prefix ?? ''}${key}`),
    );
    return {
      kind: 'checkpoint',
      file: checkpoint.file,
      format: checkpoint.format,
      ...network,
      ...(note !== '' && { note }),
      parameters: parameters ?? trained.reduce((sum, [, { dims }]) => sum + elementCount(dims), 0),
      tensors: tensorReports(checkpoint.tensors),
    };
  } finally {
    checkpoint.close();
  }
}

/** What a checkpoint's keys tell, and what else is to be said. */
interface Recognised
  extends Pick<
    CheckpointReport,
    'architecture' | 'structure' | 'problem' | 'prefix' | 'leftAside' | 'macs' | 'macsAt'
  > {
  readonly notes: readonly string[];
  /** Of a network whose keys are all there. */
  readonly parameters?: number;
}

function architecture(checkpoint: Checkpoint): Recognised {
  try {
    const detected = detectIn(checkpoint);
    const { network, classes, decoders, nmode } = detected;
    const { names: classNames } = namedClasses(checkpoint, classes, undefined, network.classNames);
    const { widths, scales, inputChannels, backbone, own } = network;
    const ofOwn = decoders.includes('original') ? own?.variant : undefined;
    const variant = network.variant || ofOwn ? { ...network.variant, ...ofOwn } : undefined;
    return {
      architecture: {
        ...{ backbone, widths, scales: scales.map(oneOrEach) },
        ...{ inputChannels, classes, ...(classNames && { classNames }), decoders },
        ...(nmode && pick(nmode, ['order', 'kernel', 'stateChannels'])),
        ...(variant && { variant, form: variant }),
        ...(own?.activation &&
          (decoders.includes('original') || network.isSaid) && { activation: own.activation }),
      },
      ...costOf(checkpoint, detected),
    };
  } catch (error) {
    if (!(error instanceof NmodeError)) throw error;
    const structure = error instanceof SeveralNetworks || hasWord(checkpoint) ? {} : structureOf(checkpoint);
    const { assumed = [] } = checkpoint;
    return { problem: error.message, ...structure, ...(assumed.length > 0 && { assumed }), notes: [] };
  }
}

/** What all axes of space have in common, or what each has. */
function oneOrEach(scale: readonly number[]): number | readonly number[] {
  const first = at(scale, 0);
  return scale.every((factor) => factor === first) ? first : scale;
}

/** Whether anything beside the weights speaks of the network, be it right or wrong. */
const hasWord = (checkpoint: Checkpoint): boolean => unlessRefused(() => isSaid(checkpoint), true);

const MAX_NEXT = 5;

function structureOf(checkpoint: Checkpoint): Pick<CheckpointReport, 'structure'> {
  // None where there are several networks to choose of.
  const all = unlessRefused(() => hypothesesIn(checkpoint).all, []);
  const [first, ...others] = all;
  if (first === undefined) return {};
  const next = others.slice(0, MAX_NEXT).map((other) => {
    return { id: other.id, differences: differencesOf(other, first) };
  });
  return { structure: { id: first.id, drawing: drawingOf(first), next, count: all.length } };
}

/** Batch 1, and what the network is mostly run at or, of images, the release's sides or the next that it takes. */
function countedSize(description: Description): InputSize {
  const { network } = description;
  if (network.axes === 3 || network.usualSize) return inputSizeOf({ graph: {}, images: {} }, network);
  const [height, width] = sizeMultiples(description).map(
    (multiple) => multiple * Math.ceil(RELEASE_SIDE / multiple),
  );
  return { batch: 1, ...(height && { height }), ...(width && { width }) };
}

/** What does not change the count (which activation, EED or LMD) is set to anything. No weight is read. */
function costOf(checkpoint: Checkpoint, detected: Detected) {
  const { network, view } = detected;
  const decoder = at(detected.decoders, 0);
  // A head is asked for where there are several classes.
  const hints = {
    ...(detected.classes > 1 && ({ head: 'none' } as const)),
    ...(decoder === 'original' ? { decoder } : ({ decoder, activation: 'relu' } as const)),
  };
  const weights = weightsIn(checkpoint, view);
  const description = describe(checkpoint.file, detected, hints);
  const size = countedSize(description);
  const macsAt = [1, network.inputChannels, ...Object.values(size).slice(1)];
  const { macs } = networkCost(buildModel(description, weights, { size }));
  const assumed = [
    ...(checkpoint.assumed ?? []),
    ...assumptionsOf(description, hints, weights.settings, network),
  ];
  const prefix = prefixIn(checkpoint, view);
  const found = { macs, macsAt, assumed, ...(prefix !== '' && { prefix }) };
  const notes = [...prefixNotes(checkpoint, view)];
  try {
    const { unused } = finishedIn(checkpoint, view, network, weights);
    const leftAside = ignoredKeys(checkpoint, view, unused);
    const unread = unreadableText(checkpoint.tensors);
    notes.push(...ignoredNotes(leftAside, network.backbone), ...(unread === undefined ? [] : [unread]));
    const { parameters } = weights;
    return { ...found, parameters, ...(leftAside.length > 0 && { leftAside }), notes };
  } catch (error) {
    return { ...found, problem: reason(error), notes };
  }
}

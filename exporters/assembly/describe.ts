import { NmodeError } from '../../graph/common/errors.js';
import { shapeText } from '../../graph/ir/dim.js';
import { type Backbone, type Network, type OwnDecoder, ownKeys } from '../backbones/backbone.js';
import { detectOrder, type Order } from '../decoders/block.js';
import { MULTISTEP_FORMS, type MultistepForm } from '../decoders/multistep.js';
import { ACTIVATION_NAMES, type Activation, SCHEME_IDS, type SchemeId } from '../decoders/nmode.js';
import { type KeyView, shapesIn } from '../nn/key-views.js';
import { isIgnored, type Shapes } from '../nn/weights.js';
import { HEADS, type Head, headFor } from './head.js';
import { locate } from './locate.js';

export const DECODER_IDS = [...SCHEME_IDS, 'original'] as const;
export type DecoderId = (typeof DECODER_IDS)[number];

/** What the weights of an nmODE decoder tell of its steps. */
export interface NmodeVariant {
  readonly order: Order;
  readonly kernel: number;
  readonly stateChannels: number;
}

/** An nmODE decoder with nothing left open. */
export interface NmodeDecoder extends NmodeVariant {
  readonly id: SchemeId;
  readonly activation: Activation;
  readonly lmdForm: MultistepForm;
}

/** All that a checkpoint tells of its network. */
export interface Detected {
  readonly network: Network;
  /** Where in the state dict it is. */
  readonly view: KeyView;
  readonly classes: number;
  /** The decoders that its keys allow: EED and LMD have the same. */
  readonly decoders: readonly DecoderId[];
  readonly nmode?: NmodeVariant;
}

/** What a checkpoint cannot tell. */
export interface Hints {
  readonly decoder?: DecoderId;
  readonly activation?: Activation;
  readonly lmdForm?: MultistepForm;
  /** Default sigmoid for one class; needed for several. */
  readonly head?: Head;
}

/** A network with nothing left open. */
export interface Description {
  readonly network: Network;
  readonly classes: number;
  readonly head: Head;
  readonly decoder: { readonly id: 'original'; readonly own: OwnDecoder } | NmodeDecoder;
}

/** The key of the 1x1 convolution that ends the nmODE decoders. */
const HEAD_WEIGHT = 'outc.conv.weight';

/** What the keys of an nmODE decoder tell of it. */
export interface DetectedNmode extends NmodeVariant {
  /** EED and LMD have the same keys. */
  readonly decoders: readonly SchemeId[];
  readonly steps: number;
  /** Absent where `headFault` says why. */
  readonly classes: number | undefined;
}

/** Undefined where there is no nmODE decoder. */
export function detectNmode(shapes: Shapes): DetectedNmode | undefined {
  const order = detectOrder(shapes);
  if (order === undefined) return undefined;
  // A weight of too few axes is told of as misshapen, beside the release's shape.
  const { stateChannels: channels, kernel: side } = RELEASE_FORM;
  const weight = shapes.get('up1.g.weight') ?? shapes.get('up1.g.0.weight');
  const [stateChannels = channels, , kernel = side] = weight ?? [];
  const keys = [...shapes.keys()];
  return {
    ...{ order, kernel, stateChannels, classes: shapes.get(HEAD_WEIGHT)?.[0] || undefined },
    decoders: keys.some((key) => /^up\d+\.g_post\./.test(key)) ? ['hd'] : ['eed', 'lmd'],
    steps: keys.reduce((most, key) => Math.max(most, Number(/^up(\d+)\.g\./.exec(key)?.[1] ?? 0)), 0),
  };
}

/** Why an nmODE decoder has no classes. */
export function headFault(shapes: Shapes): string {
  const shape = shapes.get(HEAD_WEIGHT);
  return shape === undefined
    ? `no head: the key ${HEAD_WEIGHT} is missing`
    : `no head: ${HEAD_WEIGHT} is ${shapeText(shape)}, expected [classes, channels, 1, 1]`;
}

/**
 * Reads backbone and decoder off the keys and shapes of a checkpoint. The network's keys may begin with any prefix, and other
 * keys may stand around them.
 * @param told what the user says of the backbone
 * @param prefix what was removed from the beginning of all keys, for messages
 * @throws NmodeError (BAD_CHECKPOINT) where no backbone, or no decoder on it, has the keys, or where several networks have
 */
export function detect(file: string, stored: Shapes, told?: Backbone, prefix = ''): Detected {
  const { network, view } = locate(file, stored, hasDecoder, told, prefix);
  const shapes = shapesIn(view, stored);
  const bad = (what: string) => {
    const rest = [...shapes.keys()].filter((key) => !network.keys.has(key) && !isIgnored(key, network.aside));
    const found =
      rest.length > 0
        ? `${what}; beside those of its encoder, its keys begin ${rest.slice(0, 4).join(', ')}`
        : 'the checkpoint holds an encoder alone: there is nothing to segment with';
    return new NmodeError('BAD_CHECKPOINT', `${file}: ${network.backbone}, but ${found}`);
  };
  const detected = detectNmode(shapes);
  if (detected !== undefined) {
    const { classes, decoders, steps: _, ...nmode } = detected;
    if (classes === undefined) throw bad(headFault(shapes));
    return { network, view, classes, decoders, nmode };
  }
  const { own } = network;
  if (own === undefined || !hasOwnDecoder(network, shapes)) throw bad('no known decoder');
  if (own.classes === 0) throw bad('its last convolution gives no class');
  return { network, view, classes: own.classes, decoders: ['original'] };
}

function hasDecoder(network: Network, shapes: Shapes): boolean {
  return detectNmode(shapes) !== undefined || hasOwnDecoder(network, shapes);
}

function hasOwnDecoder(network: Network, shapes: Shapes): boolean {
  return network.own !== undefined && isThere(ownKeys(network, network.own), shapes);
}

/** Whether most of the keys are there; which of them are not is told when they are needed. */
function isThere(keys: Shapes, shapes: Shapes): boolean {
  return [...keys.keys()].filter((key) => shapes.has(key)).length > keys.size / 2;
}

const usageOf = (file: string) => (message: string) => new NmodeError('BAD_USAGE', `${file}: ${message}`);

/** The decoder that was told, where keys leave several. @throws NmodeError (BAD_USAGE) */
function decoderOf<T extends DecoderId>(file: string, decoders: readonly T[], told: Hints): T {
  const usage = usageOf(file);
  const id = told.decoder ?? (decoders.length === 1 ? decoders[0] : undefined);
  if (id === undefined) {
    const also = told.activation === undefined ? ', and the activation with --activation' : '';
    throw usage(
      `EED and LMD checkpoints have the same keys: say which it is with --decoder eed or --decoder lmd${also}`,
    );
  }
  const decoder = decoders.find((known) => known === id);
  if (decoder === undefined) throw usage(`its keys are those of ${decoders.join(' or ')}, not of ${id}`);
  if (told.lmdForm !== undefined && id !== 'lmd') throw usage(`--lmd-form has no meaning for ${id}`);
  if (told.head !== undefined && !HEADS.includes(told.head)) {
    throw usage(`--head ${told.head}, expected ${HEADS.join(' or ')}`);
  }
  return decoder;
}

/**
 * Completes what the keys of an nmODE decoder tell by what was told. Nothing is guessed.
 * @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) where something is left open or contradictory
 */
export function describeNmode(
  file: string,
  { order, kernel, stateChannels }: NmodeVariant,
  decoders: readonly SchemeId[],
  told: Hints,
): NmodeDecoder {
  const usage = usageOf(file);
  const id = decoderOf(file, decoders, told);
  const names = ACTIVATION_NAMES.join(' or ');
  if (told.activation === undefined) {
    throw usage(`a checkpoint does not hold the activation between steps: give --activation ${names}`);
  }
  if (!ACTIVATION_NAMES.includes(told.activation)) {
    throw usage(`--activation ${told.activation}, expected ${names}`);
  }
  if (kernel % 2 !== 1) {
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `${file}: up1.g has an even kernel of ${kernel}, expected an odd one`,
    );
  }
  const lmdForm = told.lmdForm ?? 'release';
  if (!MULTISTEP_FORMS.includes(lmdForm)) {
    throw usage(`--lmd-form ${lmdForm}, expected ${MULTISTEP_FORMS.join(' or ')}`);
  }
  return { id, order, kernel, stateChannels, activation: told.activation, lmdForm };
}

/**
 * Completes what was detected by what was told. Nothing is guessed.
 * @throws NmodeError (BAD_USAGE) where something is left open, or where the two contradict each other
 */
export function describe(file: string, detected: Detected, told: Hints): Description {
  const { network, classes, decoders, nmode } = detected;
  const id = decoderOf(file, decoders, told);
  const head = headFor(file, classes, told.head);
  const { own } = network;
  if (own !== undefined && id === 'original') {
    if (told.activation !== undefined) {
      throw usageOf(file)('--activation has no meaning for the original decoder');
    }
    return { network, classes, head, decoder: { id, own } };
  }
  if (nmode === undefined || id === 'original') throw new TypeError('a decoder without its keys');
  const decoder = describeNmode(file, nmode, [id], told);
  return { network, classes, head, decoder };
}

/** The release's. */
export const RELEASE_FORM: NmodeVariant = { order: 'CR_B', kernel: 3, stateChannels: 3 };

/** A network of one class with one of the decoders in the release's form, for counting and measuring. */
export function standard(network: Network, id: DecoderId): Description {
  if (id !== 'original') {
    const told = { activation: 'gelu', lmdForm: 'release' } as const;
    return { network, classes: 1, head: 'sigmoid', decoder: { id, ...RELEASE_FORM, ...told } };
  }
  const { own } = network;
  if (own === undefined) throw new TypeError(`${network.backbone} has no decoder of its own`);
  return { network, classes: own.classes, head: 'sigmoid', decoder: { id, own } };
}

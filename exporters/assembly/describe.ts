import { badUsage, NmodeError } from '../../graph/common/errors.js';
import { inWords } from '../../graph/common/in-words.js';
import { option } from '../../graph/common/option.js';
import { shapeText } from '../../graph/ir/dim.js';
import {
  type Backbone,
  type Extras,
  isStrange,
  type Network,
  type OwnDecoder,
  ownKeys,
} from '../backbones/backbone.js';
import { type DetectedNmode, detectNmode } from '../decoders/detect.js';
import type { NmodeDecoder } from '../decoders/nmode.js';
import type { SolverOptions } from '../decoders/solver.js';
import {
  optionKey,
  publishedForm,
  SOLVER_IDS,
  type SolverChoices,
  type SolverId,
  solverOf,
} from '../decoders/solvers.js';
import { ACTIVATION_NAMES, type Activation, type NmodeVariant } from '../decoders/variant.js';
import { type KeyView, shapesIn } from '../nn/key-views.js';
import { SAVE_WHOLE, type Shapes } from '../nn/weights.js';
import { HEADS, type Head, headFor } from './head.js';
import { type FoundDecoder, locate, PartOfNetwork } from './locate.js';
import { NearMissError } from './recognise.js';

export const DECODER_IDS = [...SOLVER_IDS, 'original'] as const;
export type DecoderId = (typeof DECODER_IDS)[number];

/** All that a checkpoint tells of its network. */
export interface Detected {
  readonly network: Network;
  /** Where in the state dict it is. */
  readonly view: KeyView;
  readonly classes: number;
  /** The decoders that its keys allow: some solvers have the same. */
  readonly decoders: readonly DecoderId[];
  readonly nmode?: NmodeVariant;
}

/** What a checkpoint cannot tell. */
export interface Hints {
  readonly decoder?: DecoderId;
  readonly activation?: Activation;
  /** Options of the decoder's solver, by name (`form`) or with the solver's name (`lmdForm`); each has a default. */
  readonly solverOptions?: SolverChoices;
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

/** Why an nmODE decoder has no classes. */
export function headFault(shapes: Shapes, { head }: DetectedNmode): string {
  const shape = shapes.get(head);
  return shape === undefined
    ? `no head: the key ${head} is missing`
    : `no head: ${head} is ${shapeText(shape)}, expected [classes, channels, 1, 1]`;
}

/**
 * Reads backbone and decoder off the keys and shapes of a checkpoint. The network's keys may begin with any prefix, and other
 * keys may stand around them.
 * @param given what the user says of the backbone
 * @param prefix what was removed from the beginning of all keys, for messages
 * @param extras what stands beside the weights
 * @throws NmodeError (BAD_CHECKPOINT) where no backbone, or no decoder on it, has the keys, or where several networks have
 */
export function detect(
  file: string,
  stored: Shapes,
  given?: Backbone,
  prefix = '',
  extras?: Extras,
): Detected {
  const { network, view } = locate(file, stored, decoderOn, given, prefix, extras);
  const shapes = shapesIn(view, stored);
  const bad = (what: string) => {
    const rest = [...shapes.keys()].filter((key) => isStrange(network, network.keys, key));
    const [Kind, found] =
      rest.length > 0
        ? [NmodeError, `${what}; beside those of its encoder, its keys begin ${rest.slice(0, 4).join(', ')}`]
        : [PartOfNetwork, 'the checkpoint holds an encoder alone: there is nothing to segment with'];
    return (
      network.contradiction?.() ?? new Kind('BAD_CHECKPOINT', `${file}: ${network.backbone}, but ${found}`)
    );
  };
  const detected = detectNmode(shapes);
  if (detected !== undefined) {
    const { classes, decoders, variant } = detected;
    if (classes === undefined) {
      throw new NearMissError(
        `${file}: ${network.backbone}, but ${headFault(shapes, detected)}; ${SAVE_WHOLE}`,
        `it is nearly ${network.backbone}, but ${headFault(shapes, detected)}`,
      );
    }
    return { network, view, classes, decoders, nmode: variant };
  }
  const { own } = network;
  if (own === undefined || !hasOwnDecoder(network, shapes)) throw bad('no known decoder');
  if (own.classes === 0) throw bad('its last convolution gives no class');
  return { network, view, classes: own.classes, decoders: ['original'] };
}

function decoderOn(network: Network, shapes: Shapes): FoundDecoder {
  const steps = detectNmode(shapes)?.steps;
  if (steps !== undefined) return steps === network.widths.length ? 'fitting' : 'of other depth';
  return hasOwnDecoder(network, shapes) ? 'fitting' : 'none';
}

function hasOwnDecoder(network: Network, shapes: Shapes): boolean {
  return network.own !== undefined && isThere(ownKeys(network, network.own), shapes);
}

/** Whether most of the keys are there; which of them are not is reported when they are needed. */
function isThere(keys: Shapes, shapes: Shapes): boolean {
  return [...keys.keys()].filter((key) => shapes.has(key)).length > keys.size / 2;
}

const usageOf = (file: string) => (message: string) => badUsage(`${file}: ${message}`);

/** The decoder that hints name, where keys leave several. @throws NmodeError (BAD_USAGE) */
function decoderOf<T extends DecoderId>(file: string, decoders: readonly T[], hints: Hints): T {
  const usage = usageOf(file);
  const id = hints.decoder ?? (decoders.length === 1 ? decoders[0] : undefined);
  if (id === undefined) {
    const names = decoders.map((known) => known.toUpperCase());
    const choices = decoders.map((known) => option('decoder', known));
    const also = hints.activation === undefined ? ', and the activation with `activation`' : '';
    throw usage(
      `${inWords(names, 'and')} checkpoints have the same keys: choose one with ${inWords(choices, 'or')}${also}`,
    );
  }
  const decoder = decoders.find((one) => one === id);
  if (decoder === undefined) throw usage(`its keys are those of ${decoders.join(' or ')}, not of ${id}`);
  const own: SolverOptions = id === 'original' ? {} : solverOf(id).options;
  const known = Object.keys(own).flatMap((name) => [name, optionKey(id, name)]);
  const other = Object.keys(hints.solverOptions ?? {}).find((name) => !known.includes(name));
  if (other !== undefined) throw usage(`${option(`solverOptions.${other}`)} does not apply to ${id}`);
  if (hints.head !== undefined && !HEADS.includes(hints.head)) {
    throw usage(`${option('head', hints.head)}, expected ${HEADS.join(' or ')}`);
  }
  return decoder;
}

/** A value for each option of a solver: the default where none is given. @throws NmodeError (BAD_USAGE) */
function choicesOf(file: string, id: SolverId, given: SolverChoices = {}): SolverChoices {
  return Object.fromEntries(
    Object.entries(solverOf(id).options).map(([name, { choices }]) => {
      const key = optionKey(id, name);
      const value = given[key] ?? given[name] ?? choices[0];
      if (choices.includes(value)) return [name, value];
      throw usageOf(file)(`${option(`solverOptions.${key}`, value)}, expected ${choices.join(' or ')}`);
    }),
  );
}

/**
 * Completes what the keys of an nmODE decoder tell by hints. Nothing is guessed.
 * @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) where something is left open or contradictory
 */
export function describeNmode(
  file: string,
  variant: NmodeVariant,
  decoders: readonly SolverId[],
  hints: Hints,
): NmodeDecoder {
  const usage = usageOf(file);
  const { kernel } = variant;
  const id = decoderOf(file, decoders, hints);
  const activation = hints.activation ?? solverOf(id).published?.activation;
  const names = ACTIVATION_NAMES.join(' or ');
  if (activation === undefined) {
    throw usage(
      `a checkpoint does not hold the activation between steps: give ${option('activation')} ${names}`,
    );
  }
  if (!ACTIVATION_NAMES.includes(activation))
    throw usage(`${option('activation', activation)}, expected ${names}`);
  if (kernel % 2 !== 1) {
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `${file}: up1.g has an even kernel of ${kernel}, expected an odd one`,
    );
  }
  const solverOptions = choicesOf(file, id, hints.solverOptions);
  return { ...variant, id, activation, solverOptions };
}

/**
 * Completes what was detected by hints. Nothing is guessed.
 * @throws NmodeError (BAD_USAGE) where something is left open, or where the two contradict each other
 */
export function describe(file: string, detected: Detected, hints: Hints): Description {
  const { network, classes, decoders, nmode } = detected;
  const id = decoderOf(file, decoders, hints);
  const { own } = network;
  // What a file says of the end holds whatever comes before it.
  const known = id === 'original' || network.isSaid ? own?.activation : undefined;
  const head = headFor(file, classes, hints.head, known);
  if (own !== undefined && id === 'original') {
    if (hints.activation !== undefined) {
      throw usageOf(file)('`activation` does not apply to the original decoder');
    }
    return { network, classes, head, decoder: { id, own } };
  }
  if (nmode === undefined || id === 'original') throw new TypeError('a decoder without its keys');
  return { network, classes, head, decoder: describeNmode(file, nmode, [id], hints) };
}

/** The nmODE decoder of a solver as its networks were published with it, but for what hints say. */
export function publishedDecoder(file: string, id: SolverId, classes: number, hints: Hints): NmodeDecoder {
  const { activation, stateChannels, order, kernel } = publishedForm(id);
  const variant = { order, kernel, stateChannels: stateChannels(classes) };
  return describeNmode(file, variant, [id], { activation, ...hints });
}

/** A network of one class with one of the decoders in its published form, for counting and measuring. */
export function standard(network: Network, id: DecoderId): Description {
  const common = { network, classes: 1, head: 'sigmoid' } as const;
  if (id !== 'original') return { ...common, decoder: publishedDecoder(network.backbone, id, 1, {}) };
  const { own } = network;
  if (own === undefined) throw new TypeError(`${network.backbone} has no decoder of its own`);
  return { ...common, classes: own.classes, decoder: { id, own } };
}

import { NmodeError } from '../graph/errors.js';
import type { Network, Shapes, Upsampling } from './backbones/backbone.js';
import { BACKBONES } from './backbones/index.js';
import { detectOrder, type Order } from './decoders/block.js';
import { MULTISTEP_FORMS, type MultistepForm } from './decoders/multistep.js';
import { ACTIVATION_NAMES, type Activation, SCHEME_IDS, type SchemeId } from './decoders/nmode.js';

export const DECODER_IDS = [...SCHEME_IDS, 'original'] as const;
export type DecoderId = (typeof DECODER_IDS)[number];

/** All that a checkpoint tells of its network. */
export interface Detected {
  readonly network: Network;
  readonly classes: number;
  /** The decoders that its keys allow: EED and LMD have the same. */
  readonly decoders: readonly DecoderId[];
  readonly nmode?: { readonly order: Order; readonly kernel: number; readonly stateChannels: number };
  readonly upsampling?: Upsampling;
}

/** What a checkpoint cannot tell. */
export interface Told {
  readonly decoder?: DecoderId;
  readonly activation?: Activation;
  readonly lmdForm?: MultistepForm;
}

/** A network with nothing left open. */
export interface Description {
  readonly network: Network;
  readonly classes: number;
  readonly decoder:
    | { readonly id: 'original'; readonly upsampling: Upsampling }
    | {
        readonly id: SchemeId;
        readonly order: Order;
        readonly kernel: number;
        readonly stateChannels: number;
        readonly activation: Activation;
        readonly lmdForm: MultistepForm;
      };
}

/** The key of the 1x1 convolution that ends every network. */
const HEAD = 'outc.conv.weight';

/**
 * Reads backbone and decoder off the keys and shapes of a checkpoint.
 * @throws NmodeError (BAD_CHECKPOINT) where no backbone knows the keys
 */
export function detect(file: string, shapes: Shapes): Detected {
  const unknown = (what: string) => {
    const keys = [...shapes.keys()];
    const known = BACKBONES.map((backbone) => backbone.id).join(', ');
    return new NmodeError(
      'BAD_CHECKPOINT',
      `${file}: ${what} (known: ${known}); its ${keys.length} keys begin ${keys.slice(0, 4).join(', ')}`,
    );
  };
  const network = BACKBONES.map((backbone) => backbone.detect(shapes)).find((found) => found !== undefined);
  if (network === undefined) throw unknown('no known network');
  const classes = shapes.get(HEAD)?.[0];
  if (classes === undefined) throw unknown(`no head: the key ${HEAD} is missing`);
  const order = detectOrder(shapes);
  if (order !== undefined) {
    const [stateChannels = 0, , kernel = 0] =
      shapes.get('up1.g.weight') ?? shapes.get('up1.g.0.weight') ?? [];
    const looksAhead = [...shapes.keys()].some((key) => /^up\d+\.g_post\./.test(key));
    return {
      network,
      classes,
      decoders: looksAhead ? ['hd'] : ['eed', 'lmd'],
      nmode: { order, kernel, stateChannels },
    };
  }
  if (!shapes.has('up1.conv.double_conv.0.weight')) throw unknown('no known decoder');
  const upsampling = shapes.has('up1.up.weight') ? 'transposed' : 'bilinear';
  return { network, classes, decoders: ['original'], upsampling };
}

/**
 * Completes what was detected by what was told. Nothing is guessed.
 * @throws NmodeError (BAD_USAGE) where something is left open, or where the two contradict each other
 */
export function describe(file: string, detected: Detected, told: Told): Description {
  const { network, classes, decoders, nmode, upsampling } = detected;
  const usage = (message: string) => new NmodeError('BAD_USAGE', `${file}: ${message}`);
  const id = told.decoder ?? (decoders.length === 1 ? decoders[0] : undefined);
  if (id === undefined) {
    const also = told.activation === undefined ? ', and the activation with --activation' : '';
    throw usage(
      `EED and LMD checkpoints have the same keys: say which it is with --decoder eed or --decoder lmd${also}`,
    );
  }
  if (!decoders.includes(id)) throw usage(`its keys are those of ${decoders.join(' or ')}, not of ${id}`);
  if (told.lmdForm !== undefined && id !== 'lmd') throw usage(`--lmd-form has no meaning for ${id}`);
  if (nmode === undefined || id === 'original') {
    if (told.activation !== undefined) throw usage('--activation has no meaning for the original decoder');
    return { network, classes, decoder: { id: 'original', upsampling: upsampling ?? 'bilinear' } };
  }
  if (told.activation === undefined || !ACTIVATION_NAMES.includes(told.activation)) {
    const names = ACTIVATION_NAMES.join(' or ');
    throw usage(`a checkpoint does not hold the activation between steps: give --activation ${names}`);
  }
  if (nmode.kernel % 2 !== 1) {
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `${file}: up1.g has an even kernel of ${nmode.kernel}, expected an odd one`,
    );
  }
  const lmdForm = told.lmdForm ?? 'release';
  if (!MULTISTEP_FORMS.includes(lmdForm)) throw usage(`--lmd-form is ${MULTISTEP_FORMS.join(' or ')}`);
  return { network, classes, decoder: { id, ...nmode, activation: told.activation, lmdForm } };
}

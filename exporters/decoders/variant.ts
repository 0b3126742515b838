import type { Value } from '../../graph/ir/value.js';
import { gelu, relu, tanh } from '../../graph/ops/unary.js';
import type { Order } from './block.js';
import type { DecoderKeys } from './keys.js';

/** What may stand between two steps. GELU is the exact one, by erf. */
export const ACTIVATIONS = { gelu, relu, tanh, none: (y: Value) => y } as const;
export type Activation = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly Activation[];

/** What the weights of an nmODE decoder tell of its steps. */
export interface NmodeVariant {
  readonly order: Order;
  /** Side of g's square convolution; odd. */
  readonly kernel: number;
  /** Channels of the memory y. */
  readonly stateChannels: number;
  /** What its modules are called; default as in the release. */
  readonly keys?: DecoderKeys;
}

/** The steps of the networks that a solver was published with. */
export interface PublishedForm extends Pick<NmodeVariant, 'order' | 'kernel' | 'keys'> {
  readonly activation: Activation;
  /** Channels of the memory, by the number of classes. */
  stateChannels(classes: number): number;
}

/** The nmODE release's. */
export const RELEASE: PublishedForm = {
  order: 'CR_B',
  kernel: 3,
  activation: 'gelu',
  stateChannels: () => 3,
};

import { scope, type Value } from '../../graph/ir/value.js';
import { gelu, relu, tanh } from '../../graph/ops/unary.js';
import type { Skip } from '../backbones/backbone.js';
import { upsampleBilinear } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import { BLOCKS, type Order } from './block.js';
import { explicitEuler } from './euler.js';
import { heun } from './heun.js';
import { type MultistepForm, multistep } from './multistep.js';
import type { Memory, Scheme } from './scheme.js';

/** The activation between two steps. GELU is the exact one, by erf. */
export const ACTIVATIONS = { gelu, relu, tanh } as const;
export type Activation = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly Activation[];

/** The paper's abbreviations. */
export const SCHEME_IDS = ['eed', 'hd', 'lmd'] as const;
export type SchemeId = (typeof SCHEME_IDS)[number];

/** The scheme of an abbreviation of the paper. */
export function schemeOf(id: SchemeId, lmdForm: MultistepForm): Scheme {
  return { eed: explicitEuler, hd: heun, lmd: multistep(lmdForm) }[id];
}

export interface NmodeOptions {
  readonly scheme: Scheme;
  readonly order: Order;
  readonly activation: Activation;
  /** Channels of the memory y. */
  readonly stateChannels: number;
  /** Side of g's square convolution; odd. */
  readonly kernel: number;
}

/**
 * The nmODE decoder (He et al., IJCAI 2024, eq. of the discretised nmODE): one solver step a feature, from deep to
 * shallow, with y(0) = 0 and delta = 1 / number of steps. Between two steps stands the activation, after the last none.
 * @param skips features, deep to shallow
 * @param weights step k's are `upK.g`, `upK.sigma` and, where the scheme looks ahead, `upK.g_post`
 * @returns y(1) [N, stateChannels, H, W] at the input's resolution
 */
export function unroll(skips: readonly Skip[], weights: Weights, options: NmodeOptions): Value {
  const { scheme, activation, stateChannels, kernel } = options;
  const block = BLOCKS[options.order];
  const drive = (skip: Skip, step: Weights, g: 'g' | 'g_post'): Value => {
    const feature = block.g(skip.value, step.scope(g), stateChannels, kernel);
    return skip.scale === 1 ? feature : upsampleBilinear(feature, step, skip.scale);
  };
  let y: Memory;
  let yBefore: Memory;
  skips.forEach((skip, at) => {
    const step = weights.scope(`up${at + 1}`);
    const next = skips[at + 1];
    scope(step.path, () => {
      const stepped = scheme.step({
        y,
        yBefore,
        u: drive(skip, step, 'g'),
        w: next && scheme.looksAhead ? drive(next, step, 'g_post') : undefined,
        sigma: (sum) => block.sigma(sum, step.scope('sigma')),
        delta: 1 / skips.length,
      });
      yBefore = y;
      y = next === undefined ? stepped : ACTIVATIONS[activation](stepped);
    });
  });
  if (y === undefined) throw new TypeError('a decoder needs at least one feature');
  return y;
}

import type { Value } from '../../graph/ir/value.js';
import { gelu, relu, tanh } from '../../graph/ops/unary.js';
import type { Skip } from '../backbones/backbone.js';
import { upsampleBilinear } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import { BLOCKS, type Order } from './block.js';
import { integrate } from './integrate.js';
import type { Convolution } from './solver.js';
import { type SolverChoices, type SolverId, solverOf } from './solvers.js';

/** The activation between two steps. GELU is the exact one, by erf. */
export const ACTIVATIONS = { gelu, relu, tanh } as const;
export type Activation = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly Activation[];

/** What the weights of an nmODE decoder tell of its steps. */
export interface NmodeVariant {
  readonly order: Order;
  /** Side of g's square convolution; odd. */
  readonly kernel: number;
  /** Channels of the memory y. */
  readonly stateChannels: number;
}

/** An nmODE decoder with nothing left open. */
export interface NmodeDecoder extends NmodeVariant {
  readonly id: SolverId;
  readonly activation: Activation;
  readonly solverOptions: SolverChoices;
}

/**
 * The nmODE decoder (He et al., IJCAI 2024, eq. of the discretised nmODE): one solver step a feature, from deep to
 * shallow, with y(0) = 0 and delta = 1 / number of steps. Between two steps stands the activation, after the last none.
 * @param skips features, deep to shallow
 * @param weights step k's are `upK.g`, `upK.sigma` and, for some solvers, `upK.g_post`
 * @returns y(1) [N, stateChannels, H, W] at the input's resolution
 */
export function unroll(skips: readonly Skip[], weights: Weights, decoder: NmodeDecoder): Value {
  const { id, activation, stateChannels, kernel, solverOptions } = decoder;
  const block = BLOCKS[decoder.order];
  const drives = skips.map((skip, index) => {
    const step = weights.scope(`up${index + 1}`);
    return {
      path: step.path,
      feature: skip,
      through({ value, scale }: Skip, convolution: Convolution) {
        const feature = block.g(value, step.scope(convolution), stateChannels, kernel);
        return scale.every((factor) => factor === 1) ? feature : upsampleBilinear(feature, step, scale);
      },
      sigma: (sum: Value) => block.sigma(sum, step.scope('sigma')),
    };
  });
  return integrate(solverOf(id), solverOptions, drives, ACTIVATIONS[activation]);
}

import type { Value } from '../../graph/ir/value.js';
import type { Skip } from '../backbones/backbone.js';
import { upsampleBilinear } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import { BLOCKS } from './block.js';
import { integrate } from './integrate.js';
import { type Convolution, RELEASE_KEYS } from './keys.js';
import { type SolverChoices, type SolverId, solverOf } from './solvers.js';
import { ACTIVATIONS, type Activation, type NmodeVariant } from './variant.js';

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
 * @param weights step k's are `upK.g`, `upK.sigma` and, for some solvers, `upK.g_post`, or what `keys` of the decoder says
 * @returns y(1) [N, stateChannels, H, W] at the input's resolution
 */
export function unroll(skips: readonly Skip[], weights: Weights, decoder: NmodeDecoder): Value {
  const { id, activation, stateChannels, kernel, solverOptions, keys = RELEASE_KEYS } = decoder;
  const block = BLOCKS[decoder.order];
  const drives = skips.map((skip, index) => {
    const step = weights.scope(keys.step(index + 1));
    return {
      path: step.path,
      feature: skip,
      through({ value, scale }: Skip, convolution: Convolution) {
        const module = weights.scope(keys.convolution(index + 1, convolution));
        const feature = block.g(value, module, stateChannels, kernel);
        return scale.every((factor) => factor === 1) ? feature : upsampleBilinear(feature, step, scale);
      },
      sigma: (sum: Value) => block.sigma(sum, weights.scope(keys.sigma(index + 1))),
    };
  });
  return integrate(solverOf(id), solverOptions, drives, ACTIVATIONS[activation]);
}

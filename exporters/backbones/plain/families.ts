import type { Value } from '../../../graph/ir/value.js';
import { conv2d } from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { type Backbone, networkOf } from '../backbone.js';
import { type Choices, USUAL } from './choices.js';
import { wiringsIn } from './hypotheses.js';
import { networkOfPlain } from './network.js';

/** A published network whose wiring follows from its shapes, and whose code says the rest. */
interface Family {
  readonly id: string;
  /** The key of its first convolution's weight. */
  readonly stem: string;
  readonly choices: Partial<Choices>;
}

const FAMILIES: readonly Family[] = [
  // mateuszbuda/brain-segmentation-pytorch
  { id: 'unet_mateuszbuda', stem: 'encoder1.enc1conv1.weight', choices: { join: 'up-first' } },
  // jvanvugt/pytorch-unet, with padding
  {
    id: 'unet_jvanvugt',
    stem: 'down_path.0.block.0.weight',
    choices: { order: 'act-norm', upsampling: 'bilinear', join: 'up-first' },
  },
  // usuyama/pytorch-unet
  { id: 'unet_usuyama', stem: 'dconv_down1.0.weight', choices: { join: 'up-first' } },
  // WZMIAOMIAO/deep-learning-for-image-processing
  { id: 'unet_wzmiaomiao', stem: 'in_conv.0.weight', choices: {} },
];

export const PLAIN_FAMILIES = FAMILIES.map(
  ({ id, stem, choices }): Backbone => ({
    id,
    stems: [stem],
    network(shapes: Shapes) {
      const [wiring] = shapes.has(stem) ? wiringsIn(shapes).found : [];
      if (wiring === undefined) return stemOnly(id, stem);
      return networkOfPlain({ wiring, choices: { ...USUAL, ...choices } }, id, {});
    },
  }),
);

/** What is looked for where nothing else of a family is there. */
function stemOnly(backbone: string, stem: string) {
  const features = (input: Value, weights: Weights) => [
    conv2d(input, weights.scope(stem.replace(/\.weight$/, '')), 1, 1),
  ];
  return networkOf({ backbone, inputChannels: 3, features });
}

import { roundedChannels, SCALES, type Scale, STAGES, STEM, scaledDepth } from './compound-scaling.js';
import { efficientNetNormalization } from './efficientnet.js';
import { type Encoder, tu } from './encoder.js';
import { type TimmNetwork, timmEncoder } from './timm-blocks.js';

/** timm's EfficientNet. Squeezed are a quarter of the channels that a block takes. */
function efficientNet([width, depth]: Scale, kind: Pick<TimmNetwork, 'isSame' | 'isOfSmp'>): TimmNetwork {
  return {
    ...kind,
    stem: roundedChannels(STEM, width),
    stemActivation: 'silu',
    squeezed: (taken) => Math.round(taken / 4),
    squeeze: { activation: 'silu', gate: 'sigmoid' },
    stages: STAGES.map(([expansion, kernel, stride, channels, blocks]) => [
      {
        ...{ expansion, kernel, stride, activation: 'silu', squeezes: true },
        kind: expansion === 1 ? 'ds' : 'ir',
        count: scaledDepth(blocks, depth),
        out: roundedChannels(channels, width),
      },
    ]),
  };
}

const HEAD = ['conv_head.', 'bn2.', 'classifier.'];

/** `timm-efficientnet-b0` and so on, which smp has itself: the feature at a stride of 2 is the stem's. */
const OWN = Object.entries(SCALES).map(
  ([size, scale]): Encoder => ({
    ...timmEncoder(`timm-efficientnet-${size}`, efficientNet(scale, { isSame: false, isOfSmp: true })),
    unused: HEAD,
    normalization: efficientNetNormalization,
  }),
);

/** Those of timm's own names, and those of TensorFlow's weights. */
const UNIVERSAL = Object.entries(SCALES).flatMap(([size, scale]) =>
  [false, true].map((isSame): Encoder => {
    const name = `${isSame ? 'tf_' : ''}efficientnet_${size}`;
    return tu({ ...timmEncoder(name, efficientNet(scale, { isSame, isOfSmp: false })), unused: HEAD });
  }),
);

export const TIMM_EFFICIENTNETS = [...OWN, ...UNIVERSAL];

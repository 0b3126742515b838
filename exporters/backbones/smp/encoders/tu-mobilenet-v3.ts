import type { LayerActivation } from '../../../nn/layers.js';
import { roundedChannels } from './compound-scaling.js';
import { INCEPTION } from './efficientnet.js';
import type { Encoder } from './encoder.js';
import { type Blocks, type TimmNetwork, timmFeatures } from './timm-blocks.js';
import { tu } from './tu.js';

/** [blocks, kernel, stride of the first, expansion, channels, squeeze and excitation, hard-swish]. */
type Row = readonly [number, number, 1 | 2, number, number, boolean, boolean];

/** Howard et al., ICCV 2019, table 1. */
const LARGE: readonly (readonly Row[])[] = [
  [[1, 3, 1, 1, 16, false, false]],
  [
    [1, 3, 2, 4, 24, false, false],
    [1, 3, 1, 3, 24, false, false],
  ],
  [[3, 5, 2, 3, 40, true, false]],
  [
    [1, 3, 2, 6, 80, false, true],
    [1, 3, 1, 2.5, 80, false, true],
    [2, 3, 1, 2.3, 80, false, true],
  ],
  [[2, 3, 1, 6, 112, true, true]],
  [[3, 5, 2, 6, 160, true, true]],
];

/** Table 2. */
const SMALL: readonly (readonly Row[])[] = [
  [[1, 3, 2, 1, 16, true, false]],
  [
    [1, 3, 2, 4.5, 24, false, false],
    [1, 3, 1, 3.67, 24, false, false],
  ],
  [
    [1, 5, 2, 4, 40, true, true],
    [2, 5, 1, 6, 40, true, true],
  ],
  [[2, 5, 1, 3, 48, true, true]],
  [[3, 5, 2, 6, 96, true, true]],
];

/** Without squeezing, larger kernels and hard-swish. */
const minimal = (rows: readonly (readonly Row[])[]): readonly (readonly Row[])[] =>
  rows.map((stage) =>
    stage.map(([count, , stride, expansion, out]) => [count, 3, stride, expansion, out, false, false]),
  );

interface Variant {
  readonly rows: readonly (readonly Row[])[];
  readonly last: number;
  readonly width?: number;
  readonly isMinimal?: boolean;
  /** Those that timm has: by its own name, and with TensorFlow's weights; default both. */
  readonly only?: 'own' | 'tf';
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  mobilenetv3_large_075: { rows: LARGE, last: 960, width: 0.75 },
  mobilenetv3_large_100: { rows: LARGE, last: 960 },
  mobilenetv3_small_050: { rows: SMALL, last: 576, width: 0.5, only: 'own' },
  mobilenetv3_small_075: { rows: SMALL, last: 576, width: 0.75 },
  mobilenetv3_small_100: { rows: SMALL, last: 576 },
  mobilenetv3_large_minimal_100: { rows: minimal(LARGE), last: 960, isMinimal: true, only: 'tf' },
  mobilenetv3_small_minimal_100: { rows: minimal(SMALL), last: 576, isMinimal: true, only: 'tf' },
};

/** The narrowest keeps its stem's channels. */
const STEM = 16;
const LEAST_SCALED = 0.75;

function mobileNetV3({ rows, last, width = 1, isMinimal = false }: Variant, isTf: boolean): TimmNetwork {
  const activation: LayerActivation = isMinimal ? 'relu' : 'hardSwish';
  const stages = rows.map((stage, index) =>
    stage.map(
      ([count, kernel, stride, expansion, out, squeezes, swishes]): Blocks => ({
        ...{ kind: index === 0 ? 'ds' : 'ir', count, kernel, stride, expansion, squeezes },
        out: roundedChannels(out, width),
        activation: swishes ? 'hardSwish' : 'relu',
      }),
    ),
  );
  const end: Blocks = {
    ...{ kind: 'cn', count: 1, kernel: 1, stride: 1, expansion: 1, squeezes: false },
    ...{ out: roundedChannels(last, width), activation },
  };
  return {
    epsilon: isTf ? 1e-3 : 1e-5,
    isSame: isTf,
    beginsWithStem: false,
    dilatesLate: true,
    stem: width < LEAST_SCALED ? STEM : roundedChannels(STEM, width),
    stemActivation: activation,
    squeezed: (_, expanded) => roundedChannels(expanded / 4),
    squeeze: { activation: 'relu', gate: 'hardSigmoid' },
    stages: [...stages, [end]],
  };
}

/** timm's MobileNetV3; those of TensorFlow's weights pad as TensorFlow does. */
export const TU_MOBILENETS_V3 = Object.entries(VARIANTS).flatMap(([name, variant]) =>
  [false, true]
    .filter((isTf) => variant.only === undefined || (variant.only === 'tf') === isTf)
    .map((isTf): Encoder => {
      const network = mobileNetV3(variant, isTf);
      return tu({
        name: `${isTf ? 'tf_' : ''}${name}`,
        stem: 'conv_stem.weight',
        first: 1,
        ...(isTf && { normalization: () => INCEPTION }),
        features: (input, weights, extent) => timmFeatures(network, input, weights, extent),
      });
    }),
);

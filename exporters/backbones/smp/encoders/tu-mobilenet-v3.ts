import type { LayerActivation } from '../../../nn/layers.js';
import { LARGE, type Row, SMALL, STEM } from '../../mobilenet-v3.js';
import { roundedChannels } from './compound-scaling.js';
import { INCEPTION } from './efficientnet.js';
import { type Encoder, tu } from './encoder.js';
import { type Blocks, type TimmNetwork, timmEncoder } from './timm-blocks.js';

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
    isSame: isTf,
    isOfSmp: false,
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
      const encoder = timmEncoder(`${isTf ? 'tf_' : ''}${name}`, mobileNetV3(variant, isTf));
      return tu({ ...encoder, ...(isTf && { normalization: () => INCEPTION }) });
    }),
);

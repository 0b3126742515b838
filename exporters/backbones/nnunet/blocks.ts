import type { Value } from '../../../graph/ir/value.js';
import { averagePool } from '../../../graph/ops/pool.js';
import { convNd, eachAxis, type PerAxis } from '../../nn/convolution.js';
import { add, channelsOf } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import { within } from '../../nn/within.js';
import { type Following, NO_LAYER } from '../arguments/layers.js';

/** What follows each convolution of a network, and whether it has a bias. */
export interface Layers extends Following {
  readonly bias: boolean;
  /** Whether the activation goes before the norm: `nonlin_first`. */
  readonly actFirst: boolean;
}

/** ConvDropoutNormReLU: `conv`, `norm` and `nonlin`; dropout does nothing at inference. */
function convNormAct(
  x: Value,
  weights: Weights,
  out: number,
  { bias, norm, act, actFirst }: Layers,
  kernel: PerAxis,
  stride: PerAxis = 1,
): Value {
  const normalized = (y: Value) => norm(y, weights.scope('norm'));
  const activated = (y: Value) => act(y, weights.scope('nonlin'));
  const y = convNd(x, weights.scope('conv'), out, kernel, { stride, bias });
  return actFirst ? normalized(activated(y)) : activated(normalized(y));
}

/** What is stacked in a stage of so many channels; the stride stands in the first. */
export interface Stage {
  readonly count: number;
  readonly out: number;
  readonly kernel: PerAxis;
  readonly stride?: PerAxis;
  /** Channels between the 1x1 convolutions of a BottleneckD; undefined for BasicBlockD. */
  readonly between?: number | undefined;
}

/** BasicBlockD, or BottleneckD: convolutions `conv1`, ..., the last of which has its activation behind the sum. */
function residualBlock(x: Value, weights: Weights, layers: Layers, stage: Stage): Value {
  const { out, kernel, stride = 1, between } = stage;
  const bare = { ...layers, act: NO_LAYER };
  const conv = (y: Value, name: string, ...given: [number, Layers, PerAxis, PerAxis?]) =>
    convNormAct(y, weights.scope(name), ...given);
  const last = between === undefined ? 2 : 3;
  const inner =
    between === undefined
      ? conv(x, 'conv1', out, layers, kernel, stride)
      : conv(conv(x, 'conv1', between, layers, 1), 'conv2', between, layers, kernel, stride);
  const y = conv(inner, `conv${last}`, out, bare, between === undefined ? kernel : 1);
  return layers.act(add(y, shortcut(x, weights, bare, out, stride)), weights.scope(`nonlin${last}`));
}

/** `skip`: AvgPool where there is a stride, then a 1x1 convolution where the channels change. */
function shortcut(x: Value, weights: Weights, layers: Layers, out: number, stride: PerAxis): Value {
  const strides = eachAxis(stride, x, weights);
  const isStrided = strides.some((step) => step !== 1);
  const pooled = isStrided ? within(weights.scope('skip.0'), () => averagePool(x, strides, { strides })) : x;
  if (channelsOf(x) === out) return pooled;
  const name = isStrided ? 'skip.1' : 'skip.0';
  return convNormAct(pooled, weights.scope(name), out, { ...layers, bias: false }, 1);
}

type Layered = (x: Value, weights: Weights, layers: Layers, stage: Stage) => Value;

/** As many blocks in a row as the stage has, below `name`. x [N, C, ...space] -> [N, out, ...space / stride]. */
const stacked =
  (name: string, block: Layered): Layered =>
  (x, weights, layers, stage) => {
    let y = x;
    for (let index = 0; index < stage.count; index++) {
      const own = index === 0 ? stage : { ...stage, stride: 1 };
      y = block(y, weights.scope(`${name}.${index}`), layers, own);
    }
    return y;
  };

/** StackedConvBlocks. */
export const plainStage = stacked('convs', (x, weights, layers, { out, kernel, stride }) =>
  convNormAct(x, weights, out, layers, kernel, stride),
);

/** StackedResidualBlocks. */
export const residualStage = stacked('blocks', residualBlock);

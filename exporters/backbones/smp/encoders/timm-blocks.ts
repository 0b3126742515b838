import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import {
  activation,
  add,
  batchNorm2d,
  channelsOf,
  conv2d,
  type LayerActivation,
  module,
} from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { excited, type Squeeze } from '../../inverted-residual.js';
import { roundedChannels } from './compound-scaling.js';
import { type Encoder, type Extent, stepOf } from './encoder.js';
import { type SameConv, sameConv, samePads } from './same-conv.js';

/** Blocks of one kind, the first of which may stride. */
export interface Blocks {
  /** `ds`: depthwise, then 1x1; `ir`: expanded before; `cn`: one 1x1 convolution. */
  readonly kind: 'ds' | 'ir' | 'cn';
  readonly count: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  readonly expansion: number;
  readonly out: number;
  readonly activation: LayerActivation;
  /** Whether channels are squeezed and excited. */
  readonly squeezes: boolean;
}

/** What all blocks of a network share. */
export interface Style {
  /** TensorFlow's padding, where features are halved, of one zero more behind than before, and its epsilon. */
  readonly isSame: boolean;
  /** The channels between the two convolutions that squeeze. @param taken channels of the block, @param expanded of the convolution */
  squeezed(taken: number, expanded: number): number;
  /** Their activations. */
  readonly squeeze: Omit<Squeeze, 'channels'>;
}

interface Step {
  readonly stride: number;
  readonly dilation: number;
}

/** A network of timm's efficientnet_builder. */
export interface TimmNetwork extends Style {
  readonly stem: number;
  readonly stemActivation: LayerActivation;
  /** Each is `blocks.S`; the blocks of a stage are numbered through. */
  readonly stages: readonly (readonly Blocks[])[];
  /**
   * Whether smp has it itself: the feature at a stride of 2 is the stem's in any case, and a stage dilates as a whole. timm gives
   * the first block of a stage the dilation of the stage before.
   */
  readonly isOfSmp: boolean;
}

/** A large side that is halved without a rest. */
const EVEN = 2 ** 10;

function convNorm(
  x: Value,
  weights: Weights,
  [convolution, norm]: readonly [string, string],
  layer: Omit<SameConv, 'pads' | 'bias'> & { readonly active?: LayerActivation },
  { isSame }: Style,
): Value {
  const { active, out, kernel, ...options } = layer;
  const { stride = 1 } = options;
  const scoped = weights.scope(convolution);
  const convolved =
    isSame && stride === 2
      ? sameConv(x, scoped, { out, kernel, ...options, pads: samePads(EVEN, kernel, stride) })
      : conv2d(x, scoped, out, kernel, { ...options, bias: false });
  const inner = weights.scope(norm);
  const normalized = batchNorm2d(convolved, inner, isSame ? 1e-3 : 1e-5);
  return active ? activation(active, normalized, inner.scope('act')) : normalized;
}

/** The two convolutions that squeeze and excite, each with what follows it. */
const SQUEEZE = ['conv_reduce', 'act1', 'conv_expand', 'gate'] as const;

function block(x: Value, weights: Weights, blocks: Blocks, step: Step, style: Style): Value {
  const { kind, kernel, expansion, out, squeezes, activation: active } = blocks;
  if (kind === 'cn') return convNorm(x, weights, ['conv', 'bn1'], { out, kernel, active, ...step }, style);
  const channels = channelsOf(x);
  const isExpanded = kind === 'ir';
  const expanded = isExpanded ? roundedChannels(channels, expansion) : channels;
  const wide = isExpanded
    ? convNorm(x, weights, ['conv_pw', 'bn1'], { out: expanded, kernel: 1, active }, style)
    : x;
  const depthwise = { out: expanded, kernel, groups: expanded, active, ...step };
  const convolved = convNorm(wide, weights, ['conv_dw', isExpanded ? 'bn2' : 'bn1'], depthwise, style);
  const squeeze = { ...style.squeeze, channels: style.squeezed(channels, expanded) };
  const weighed = squeezes
    ? module(weights, 'se', (inner) => excited(convolved, inner, squeeze, SQUEEZE))
    : convolved;
  const last = isExpanded ? (['conv_pwl', 'bn3'] as const) : (['conv_pw', 'bn2'] as const);
  const y = convNorm(weighed, weights, last, { out, kernel: 1 }, style);
  return blocks.stride === 1 && channels === out ? add(y, x) : y;
}

/** The last of each stride, shallow to deep. */
function features(network: TimmNetwork, input: Value, weights: Weights, extent: Extent): readonly Value[] {
  const { stem, stemActivation, stages, isOfSmp } = network;
  const first = { out: stem, kernel: 3, stride: 2, active: stemActivation };
  let x = convNorm(input, weights, ['conv_stem', 'bn1'], first, network);
  const found: Value[] = isOfSmp ? [x] : [];
  let [scale, dilationBefore] = [2, 1];
  for (const [number, stage] of stages.entries()) {
    const own = at(stage, 0).stride;
    if (own === 2) {
      if (scale > 2 || !isOfSmp) found.push(x);
      if (found.length === extent.depth) return found;
      scale *= 2;
    }
    const { stride, dilation } = stepOf(scale, extent, own);
    let index = 0;
    for (const blocks of stage) {
      for (let repeat = 0; repeat < blocks.count; repeat++) {
        const step =
          index === 0 ? { stride, dilation: isOfSmp ? dilation : dilationBefore } : { stride: 1, dilation };
        const shape = index === 0 ? blocks : { ...blocks, stride: 1 as const };
        x = module(weights, `blocks.${number}.${index++}`, (inner) => block(x, inner, shape, step, network));
      }
    }
    dilationBefore = dilation;
  }
  return [...found, x];
}

export const timmEncoder = (name: string, network: TimmNetwork): Encoder => ({
  ...{ name, stem: 'conv_stem.weight', first: 1 },
  features: (input, weights, extent) => features(network, input, weights, extent),
});

import { scope, type Value } from '../../../../graph/ir/value.js';
import { conv } from '../../../../graph/ops/conv.js';
import { channelsOf } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';

/** A convolution whose padding is not the same at both ends. */
export interface SameConv {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Default false. */
  readonly bias?: boolean;
  /** Zeros before and behind, of height and width. */
  readonly pads: readonly [before: number, behind: number];
}

export function sameConv(x: Value, weights: Weights, options: SameConv): Value {
  const { out, kernel, stride = 1, dilation = 1, groups = 1, bias = false, pads } = options;
  const [before, behind] = pads;
  return scope(weights.path, () =>
    conv(
      x,
      weights.take('weight', [out, channelsOf(x) / groups, kernel, kernel]),
      bias ? weights.take('bias', [out]) : undefined,
      {
        strides: [stride, stride],
        pads: [before, before, behind, behind],
        ...(dilation !== 1 && { dilations: [dilation, dilation] }),
        ...(groups !== 1 && { group: groups }),
      },
    ),
  );
}

/** TensorFlow's SAME padding of a side: as few zeros as give ceil(side / stride), the odd one behind. */
export function samePads(side: number, kernel: number, stride: number): readonly [number, number] {
  const needed = Math.max(0, (Math.ceil(side / stride) - 1) * stride + kernel - side);
  const before = Math.floor(needed / 2);
  return [before, needed - before];
}

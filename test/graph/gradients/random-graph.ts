import { batchStatistics } from '../../../graph/gradients/batch-statistics.js';
import { float, int, ints } from '../../../graph/ir/attribute.js';
import { apply } from '../../../graph/ir/op.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, input, type Value } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import { greater, where } from '../../../graph/ops/comparison.js';
import { concat } from '../../../graph/ops/concat.js';
import { conv } from '../../../graph/ops/conv.js';
import { convTranspose } from '../../../graph/ops/conv-transpose.js';
import * as definitions from '../../../graph/ops/definitions.js';
import { add, div, max, mul, pow, sub } from '../../../graph/ops/elementwise.js';
import { expand } from '../../../graph/ops/expand.js';
import { matMul } from '../../../graph/ops/matmul.js';
import {
  batchNormalization,
  instanceNormalization,
  layerNormalization,
} from '../../../graph/ops/normalization.js';
import { pad } from '../../../graph/ops/pad.js';
import { averagePool, globalAveragePool, maxPool } from '../../../graph/ops/pool.js';
import { reduceMax, reduceMin, reduceSum } from '../../../graph/ops/reduce.js';
import { reshape } from '../../../graph/ops/reshape.js';
import { resizeLinear, resizeNearest } from '../../../graph/ops/resize.js';
import { sliceAxis } from '../../../graph/ops/slice.js';
import { transpose } from '../../../graph/ops/transpose.js';
import * as unary from '../../../graph/ops/unary.js';
import type { Random } from '../../fuzz/random.js';

/** A graph of random operators, and the leaves that it is computed from. */
export interface RandomGraph {
  readonly loss: Value;
  readonly leaves: readonly Value[];
  /** The operators that were chosen. */
  readonly steps: readonly string[];
}

const LARGEST = 10;
const whole = (values: readonly number[]) => constant(int64Tensor([values.length], values));

/**
 * Composes operators on x [N, C, H, W]: each takes the value before it, and new leaves where it has weights.
 * @param first the operator that it begins with
 */
export function randomGraph(random: Random, length: number, first: string): RandomGraph {
  const leaves: Value[] = [];
  const leaf = (...dims: number[]): Value => {
    const made = input(`leaf${leaves.length}`, 'float32', dims);
    leaves.push(made);
    return made;
  };
  const steps: string[] = [];
  let x = leaf(2, 4, 5, 6);
  const skips: Value[] = [];
  while (steps.length < length) {
    const names = STEP_NAMES.filter((name) => fits(name, x));
    const name = steps.length === 0 ? first : random.pick(names);
    skips.push(x);
    x = (STEPS[name] as Step)({ x, sizes: x.shape.map(Number), leaf, random, skips });
    steps.push(name);
  }
  const weighted = mul(unary.tanh(x), leaf(...x.shape.map(Number)));
  return { loss: reduceSum(weighted, [0, 1, 2, 3], false), leaves, steps };
}

interface Place {
  readonly x: Value;
  readonly sizes: readonly number[];
  readonly leaf: (...dims: number[]) => Value;
  readonly random: Random;
  readonly skips: readonly Value[];
}
type Step = (place: Place) => Value;

/** What makes an image larger, and what makes it smaller. */
const GROWING = ['convTranspose', 'resizeLinear', 'resizeNearest', 'pad', 'concat', 'depthToSpace'];
const SHRINKING = ['conv', 'maxPool', 'averagePool', 'slice'];

function fits(name: string, { shape }: Value): boolean {
  const [, channels, height, width] = shape.map(Number) as [number, number, number, number];
  if (GROWING.includes(name)) return Math.max(height, width, channels) <= LARGEST;
  return !SHRINKING.includes(name) || Math.min(height, width) >= 4;
}

const perChannel = ({ leaf, sizes }: Place) => [leaf(Number(sizes[1])), leaf(Number(sizes[1]))] as const;

/** Bounded, so that what follows is neither flat nor steep. */
const bounded = (x: Value) => unary.tanh(x);

const STEPS: Readonly<Record<string, Step>> = {
  add: ({ x, leaf, sizes, random }) => add(x, leaf(...random.pick([sizes, sizes.slice(1).with(1, 1), [1]]))),
  sub: ({ x, leaf, sizes }) => sub(leaf(...sizes.with(0, 1)), x),
  mul: ({ x, leaf, sizes, random }) => mul(x, leaf(...random.pick([sizes, sizes.with(2, 1), [1, 1]]))),
  div: ({ x, leaf, sizes }) => div(x, add(unary.sigmoid(leaf(...sizes.slice(3))), 1)),
  max: ({ x, leaf, sizes }) => max(x, leaf(...sizes.slice(2))),
  min: ({ x, leaf, sizes }) => apply(definitions.Min, [leaf(...sizes.slice(3)), x]),
  sum: ({ x, leaf, sizes }) => apply(definitions.Sum, [x, leaf(...sizes.slice(1)), bounded(x)]),
  where: ({ x, leaf, sizes }) => where(greater(x, 0.1), x, leaf(...sizes.slice(2))),
  pow: ({ x, leaf, sizes }) => pow(add(bounded(x), 1.5), leaf(...sizes.slice(3))),
  square: ({ x }) => pow(x, 2),
  abs: ({ x }) => apply(definitions.Abs, [x]),
  reciprocal: ({ x }) => apply(definitions.Reciprocal, [add(bounded(x), 1.5)]),
  pRelu: ({ x, leaf, sizes }) => apply(definitions.PRelu, [x, leaf(Number(sizes[1]), 1, 1)]),
  gemm({ x, leaf, sizes }) {
    const flat = reshape(x, [-1, Number(sizes[3])]);
    const turned = { transB: int(1), alpha: float(0.7) };
    const weights = leaf(Number(sizes[3]), Number(sizes[3]));
    return reshape(apply(definitions.Gemm, [flat, weights, leaf(Number(sizes[3]))], turned), sizes);
  },
  residual: ({ x, skips, sizes, random }) => {
    const same = skips.filter(({ shape }) => shape.join() === sizes.join());
    return same.length === 0 ? mul(x, x) : add(x, bounded(random.pick(same)));
  },
  relu: ({ x }) => unary.relu(x),
  leakyRelu: ({ x }) => unary.leakyRelu(x, 0.1),
  elu: ({ x }) => unary.elu(x, 1.2),
  gelu: ({ x }) => unary.gelu(x),
  silu: ({ x }) => unary.silu(x),
  hardSwish: ({ x }) => unary.hardSwish(x),
  clip: ({ x }) => unary.clip(x, -1, 1),
  tanh: ({ x }) => unary.tanh(x),
  erf: ({ x }) => unary.erf(x),
  exp: ({ x }) => unary.exp(bounded(x)),
  log: ({ x }) => unary.log(add(bounded(x), 1.5)),
  sqrt: ({ x }) => unary.sqrt(add(bounded(x), 1.5)),
  neg: ({ x }) => unary.neg(x),
  logSoftmax: ({ x, random }) => bounded(unary.logSoftmax(x, random.below(4))),
  softplus: ({ x }) => apply(definitions.Softplus, [x]),
  softmax: ({ x, random }) => mul(unary.softmax(x, random.below(4)), 3),
  identity: ({ x }) => apply(definitions.Identity, [x]),
  cast: ({ x }) => cast(cast(x, 'float64'), 'float32'),
  conv(place) {
    const { x, sizes, leaf, random } = place;
    const channels = Number(sizes[1]);
    const group = channels % 2 === 0 ? random.pick([1, 2]) : 1;
    const kernel = [1 + random.below(3), 1 + random.below(3)];
    const outputs = group * (1 + random.below(3));
    return conv(x, leaf(outputs, channels / group, ...kernel), random.once(2) ? leaf(outputs) : undefined, {
      strides: [1 + random.below(2), 1 + random.below(2)],
      pads: [random.below(2), random.below(3), random.below(3), random.below(2)],
      dilations: kernel.map((size) => (size < 3 ? 1 + random.below(2) : 1)),
      group,
    });
  },
  convTranspose({ x, sizes, leaf, random }) {
    const [channels, outputs] = [Number(sizes[1]), 1 + random.below(3)];
    const kernel = [2 + random.below(2), 2 + random.below(2)];
    return convTranspose(x, leaf(channels, outputs, ...kernel), leaf(outputs), {
      strides: [1 + random.below(2), 1],
      pads: [random.below(2), 0, 0, random.below(2)],
    });
  },
  matMul: ({ x, sizes, leaf, random }) => matMul(x, leaf(Number(sizes[3]), 2 + random.below(4))),
  maxPool: ({ x, random }) => maxPool(x, [2, 2], random.pick([{}, { strides: [1, 2], pads: [1, 0, 0, 1] }])),
  averagePool: ({ x, random }) =>
    averagePool(x, [2, 3], random.pick([{}, { strides: [2, 1], pads: [1, 1, 0, 1] }])),
  globalAveragePool: ({ x }) => mul(x, add(globalAveragePool(x), 1)),
  resizeLinear: ({ x, random }) =>
    resizeLinear(x, [random.pick([1, 2, 1.5]), 2], random.pick(['half_pixel', 'align_corners'])),
  resizeNearest: ({ x }) => resizeNearest(x, [1, 2]),
  instanceNormalization: (place) => instanceNormalization(place.x, ...perChannel(place), 0.1),
  batchStatistics(place) {
    const { mean, variance } = batchStatistics(place.x);
    return batchNormalization(place.x, ...perChannel(place), mean, variance, 0.1);
  },
  batchNormalization(place) {
    const [mean, variance] = perChannel(place);
    return batchNormalization(place.x, ...perChannel(place), mean, add(unary.sigmoid(variance), 0.5), 0.1);
  },
  layerNormalization: ({ x, leaf, sizes }) =>
    layerNormalization(x, leaf(Number(sizes[3])), leaf(Number(sizes[3])), 0.1),
  reduceSum: ({ x, random }) => mul(x, bounded(reduceSum(x, [random.below(4)]))),
  reduceMean: ({ x }) => sub(x, apply(definitions.ReduceMean, [x], { axes: ints([2, 3]), keepdims: int(1) })),
  reduceMax: ({ x }) => div(x, add(unary.sigmoid(reduceMax(x)), 1)),
  reduceMin: ({ x }) => sub(x, reduceMin(x)),
  reshape: ({ x, sizes }) =>
    reshape(
      reshape(x, [Number(sizes[0]), -1]),
      sizes.toReversed().toSorted((a, b) => a - b),
    ),
  flatten: ({ x, sizes }) => reshape(apply(definitions.Flatten, [x], { axis: int(2) }), sizes),
  squeeze: ({ x }) => apply(definitions.Squeeze, [apply(definitions.Unsqueeze, [x, whole([1])]), whole([1])]),
  transpose: ({ x, random }) =>
    transpose(
      x,
      random.pick([
        [1, 0, 2, 3],
        [0, 1, 3, 2],
        [0, 2, 3, 1],
      ]),
    ),
  expand: ({ x, leaf, sizes }) => mul(x, expand(leaf(Number(sizes[3])), sizes)),
  concat: ({ x, random }) => concat([x, bounded(x)], random.pick([1, 2])),
  slice: ({ x, sizes, random }) => sliceAxis(x, random.pick([2, 3]), 1, Math.min(...sizes.slice(2))),
  strided: ({ x }) => apply(definitions.Slice, [x, whole([-1]), whole([-99]), whole([1]), whole([-1])]),
  pad: ({ x, random }) =>
    pad(x, whole([0, 0, 1, 0, 0, 0, 0, 1]), random.pick(['constant', 'edge', 'reflect'])),
  gather: ({ x }) => apply(definitions.Gather, [x, whole([1, 0, 1])], { axis: int(0) }),
  depthToSpace({ x, leaf, sizes }) {
    const deep = conv(x, leaf(4, Number(sizes[1]), 1, 1));
    return apply(definitions.DepthToSpace, [deep], { blocksize: int(2) });
  },
  hardSigmoid: ({ x }) => apply(definitions.HardSigmoid, [x], { alpha: float(0.3), beta: float(0.4) }),
};

/** Every operator that a random graph may hold. */
export const STEP_NAMES: readonly string[] = Object.keys(STEPS);

import { expect, it } from '@jest/globals';
import { at } from '../../../graph/common/at.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { encodeModel } from '../../../graph/file/write.js';
import { gradients } from '../../../graph/gradients/gradients.js';
import { int, string } from '../../../graph/ir/attribute.js';
import { symbol } from '../../../graph/ir/dim.js';
import { apply } from '../../../graph/ir/op.js';
import { elementCount, float32Tensor, int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, input, scope, type Value } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import { BatchNormalization, Clip, Gather, Mod, Pad, Resize } from '../../../graph/ops/definitions.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { reduceSum } from '../../../graph/ops/reduce.js';
import { gelu } from '../../../graph/ops/unary.js';
import { Random } from '../../fuzz/random.js';
import { modelOf } from '../../support/graph.js';
import { randomGraph, STEP_NAMES } from './random-graph.js';

const onnxruntime = await import('onnxruntime-node');

/** What a graph computes at a point, moved along a direction. */
async function evaluator(leaves: readonly Value[], outputs: Readonly<Record<string, Value>>) {
  const bytes = encodeModel(modelOf(leaves, outputs));
  const session = await onnxruntime.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const dims = leaves.map(({ shape }) => shape.map(Number));
  return {
    release: () => session.release(),
    async run(point: readonly Float32Array[], fetches: string[]) {
      const feeds = leaves.map(({ source }, index) => {
        const name = source.kind === 'input' ? source.name : '';
        return [name, new onnxruntime.Tensor('float32', at(point, index), at(dims, index))];
      });
      const results = await session.run(Object.fromEntries(feeds), fetches);
      return fetches.map((name) => results[name]?.data as Float32Array);
    },
  };
}

type Point = readonly Float32Array[];

const dot = (a: Point, b: Point): number =>
  a.reduce((sum, part, index) => {
    const other = at(b, index);
    return sum + part.reduce((inner, value, place) => inner + value * at(other, place), 0);
  }, 0);

/** a + step b. */
const moved = (a: Point, step: number, b: Point): Point =>
  a.map((part, index) => part.map((value, place) => value + step * at(at(b, index), place)));

const ofLength = (length: number, a: Point): Point =>
  a.map((part) => part.map((value) => (value * length) / Math.sqrt(dot(a, a))));

/** Enough to meet every operator, also where kinks leave some graphs out. */
const MAX_GRAPHS = 100;
/** Steps of the differences; where slopes by both agree to within `SMOOTH`, few kinks are between, and slopes are right to `CLOSE`. */
const [LARGE, SMALL, SMOOTH, CLOSE] = [4e-3, 2e-3, 0.005, 0.02];

it('gradients of random graphs are the slopes that central differences give', async () => {
  const compared = new Set<string>();
  const missing = () => STEP_NAMES.filter((name) => !compared.has(name));
  for (let seed = 1; seed <= MAX_GRAPHS && missing().length > 0; seed++) {
    const random = new Random('gradients', seed);
    const { loss, leaves, steps } = randomGraph(random, 7, at(missing(), 0));
    const found = gradients(loss, leaves).map((value, index) => [`d${index}`, mul(value, 1)] as const);
    const graph = await evaluator(leaves, { loss: mul(loss, 1), ...Object.fromEntries(found) });
    const draw = () =>
      leaves.map(({ shape }) =>
        Float32Array.from(
          { length: elementCount(shape.map(Number)) },
          () => random.below(2 ** 20) / 2 ** 19 - 1,
        ),
      );
    const point = draw();
    const gradient = await graph.run(
      point,
      found.map(([name]) => name),
    );
    // Neither along the gradient alone, nor so far from it that little of it is seen.
    const direction = ofLength(1, moved(ofLength(1, gradient), 1, ofLength(1, draw())));
    const lossAt = async (step: number) =>
      Number((await graph.run(moved(point, step, direction), ['loss']))[0]?.[0]);
    const slopeBy = async (step: number) => ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    const [coarse, fine] = [await slopeBy(LARGE), await slopeBy(SMALL)];
    await graph.release();
    // A kink is between, or nothing changes the loss.
    if (!(Math.abs(coarse - fine) <= SMOOTH * Math.abs(fine))) continue;
    for (const step of steps) compared.add(step);
    const error = Math.abs(dot(gradient, direction) - fine) / Math.abs(fine);
    expect({ seed, steps, isClose: error < CLOSE || error }).toEqual({ seed, steps, isClose: true });
  }
  expect(missing()).toEqual([]);
});

const int64List = (...values: number[]) => constant(int64Tensor([values.length], values));

it('a refusal names the operator, and says what to do', () => {
  const [x, open] = [input('x', 'float32', [2, 3]), input('open', 'float32', [symbol('N'), 3])];
  const total = (value: Value) => reduceSum(value, [0, 1], false);
  const image = input('image', 'float32', [1, 1, 4, 4]);
  const cubic = scope('up', () =>
    apply(Resize, [image, undefined, constant(float32Tensor([4], [1, 1, 2, 2]))], { mode: string('cubic') }),
  );
  const starts = input('starts', 'int64', [1]);
  const gathered = { ...apply(Gather, [x, starts]), shape: [1, 3] };
  const power = scope('head', () => apply(Mod, [x, x]));
  const wrapped = apply(Pad, [image, int64List(0, 0, 1, 1, 0, 0, 1, 1)], { mode: string('wrap') });
  const [channel] = [input('c', 'float32', [1])];
  const norm = apply(BatchNormalization, [image, channel, channel, channel, channel], {
    training_mode: int(1),
  });
  const messages = [
    () => gradients(x, [x]),
    () => gradients(total(power), [x]),
    () => gradients(total(x), [image]),
    () => gradients(total(x), [total(power)]),
    () => gradients(total(x), [constant(float32Tensor([1], [1]))]),
    () => gradients(reduceSum(open, [0, 1], false), [open]),
    () => gradients(reduceSum(cubic, [0, 1, 2, 3], false), [image]),
    () => gradients(total(gathered), [x]),
    () => gradients(reduceSum(wrapped, [0, 1, 2, 3], false), [image]),
    () => gradients(reduceSum(norm, [0, 1, 2, 3], false), [image]),
    () => gradients(total(cast(cast(x, 'int64'), 'float32')), [x]),
    () => gradients(total(apply(Clip, [x, total(x)])), [x]),
  ].map((body) => {
    try {
      body();
    } catch (error) {
      return error instanceof NmodeError && error.code === 'BAD_USAGE' ? error.message : String(error);
    }
    return undefined;
  });
  expect(messages.map((message) => message?.replace(/(there are those of).*/, '$1 ...'))).toEqual([
    'a loss of float32 [2, 3], expected one float32 number: sum it up, or take its mean',
    'operator Mod (in head) has no gradient, and parameters are behind it: there are those of ...',
    "the loss does not depend on parameter 'image': leave it out, or compute the loss from it",
    'the loss does not depend on parameter [], the output of ReduceSum: leave it out, or compute the loss from it',
    'the loss does not depend on parameter [1]: leave it out, or compute the loss from it',
    'the gradient of ReduceSum needs sizes that are known, found [N, 3]: build the graph for one batch and size',
    'Resize (mode cubic, coordinates half_pixel) has no gradient: linear and nearest ones without antialiasing have',
    'the gradient of Gather needs indices that are known: make them a constant of the graph',
    'Pad (mode wrap) has no gradient: constant, edge, reflect have',
    'BatchNormalization (training_mode 1) has no gradient: a training step takes the statistics of the batch by itself, leave it at 0',
    "the loss does not depend on parameter 'x': leave it out, or compute the loss from it",
    'operator Clip has no gradient for its input 1, and parameters are behind it: make that a constant',
  ]);
});

it('parameters that only others depend on cost nothing', () => {
  const [x, w] = [input('x', 'float32', [2, 3]), input('w', 'float32', [3])];
  const [dw] = gradients(reduceSum(mul(gelu(x), w), [0, 1], false), [w]);
  const model = modelOf([x], { dw: mul(dw as Value, 1) });
  // GELU itself, its product with the gradient of the sum, and the sum over the rows.
  expect(model.graph.nodes.filter(({ opType }) => opType === 'Erf')).toHaveLength(1);
  expect(model.graph.nodes.filter(({ opType }) => opType === 'Exp')).toHaveLength(0);
});

it('nothing within a GELU is read by its gradient, so that runtimes may compute it in one kernel', () => {
  const x = input('x', 'float32', [2, 3]);
  const y = gelu(x);
  const [dx] = gradients(reduceSum(mul(y, y), [0, 1], false), [x]);
  const { nodes } = modelOf([x], { dx: mul(dx as Value, 1) }).graph;
  const forward = nodes.slice(nodes.findIndex(({ opType }) => opType === 'Div')).slice(0, 5);
  const inner = forward.slice(0, 4).flatMap(({ outputs }) => outputs);
  expect(forward.map(({ opType }) => opType)).toEqual(['Div', 'Erf', 'Add', 'Mul', 'Mul']);
  expect(inner.map((name) => nodes.filter(({ inputs }) => inputs.includes(name)).length)).toEqual([
    1, 1, 1, 1,
  ]);
});

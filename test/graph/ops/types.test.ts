import { expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { cost } from '../../../graph/analysis/cost.js';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { type Attribute, float, int, ints, string } from '../../../graph/ir/attribute.js';
import { multiplyDims, symbol } from '../../../graph/ir/dim.js';
import type { Model, Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { dimsOf, handmade, node, zeros } from '../../support/graph.js';

const vector = (...values: number[]) => int64Tensor([values.length], values);
const scalar = (value: number) => int64Tensor([], [value]);

const INITIALIZERS: Readonly<Record<string, Tensor>> = {
  slope: zeros([4, 1, 1]),
  one: float32Tensor([1], [1]),
  axes: vector(1),
  count: vector(2),
  third: scalar(2),
  depth: scalar(5),
  onOff: float32Tensor([2], [0, 1]),
  wide: vector(3, 1, 1, 1, 1),
  repeats: vector(1, 2, 1, 3),
  places: int64Tensor([2, 1], [0, 0]),
  pairs: int64Tensor([2, 2], [0, 1, 0, 3]),
  elements: int64Tensor([1, 1, 2, 2], [0, 1, 2, 3]),
  updates: zeros([2, 4, 6, 8]),
  few: zeros([1, 1, 2, 2]),
  grid: zeros([1, 5, 7, 2]),
  zero: scalar(0),
  step: scalar(3),
  end: scalar(10),
  scales: float32Tensor([4], [1, 1, 2, 1.5]),
  rois: zeros([3, 4]),
  batches: vector(0, 0, 0),
  matrix: zeros([8, 9]),
  ones: zeros([8]),
  kernel: zeros([4, 2, 3, 3]),
};

/** How other exporters than PyTorch say what size a transposed convolution gives. */
const transposed = [
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((mode) => ({ auto_pad: string(mode) })),
  { output_shape: ints([12, 23]) },
  { auto_pad: string('SAME_UPPER'), output_padding: ints([1, 1]) },
];

const on = (
  opType: string,
  inputs: readonly string[] = [],
  attributes: Readonly<Record<string, Attribute>> = {},
  outputs = 1,
): Node => {
  const name = [opType, ...inputs, JSON.stringify(attributes)].join();
  const names = Array.from({ length: outputs }, (_, index) => `${name}:${index}`);
  return node(opType, ['x', ...inputs], names, attributes);
};

/** x [1, 4, 6, 8], and the mask x > 1. */
function modelOf(nodes: readonly Node[], opset: number): Model {
  const mask = node('Greater', ['x', 'one'], ['mask']);
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const model = handmade({
    nodes: read.has('mask') ? [mask, ...nodes] : nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 4, 6, 8] } }],
    initializers: new Map(Object.entries(INITIALIZERS).filter(([name]) => read.has(name) || name === 'one')),
  });
  return { ...model, opsets: new Map([['', opset]]) };
}

/** What is inferred is what onnxruntime gives. */
async function expectTypes(nodes: readonly Node[], opset = 17): Promise<void> {
  const model = modelOf(nodes, opset);
  const types = inferTypes(model);
  const outputs = nodes.flatMap((each) => each.outputs);
  const declared = outputs.map((name) => {
    const { dtype } = types.get(name) ?? {};
    if (dtype === undefined) throw new TypeError(`no type for ${name}`);
    return { name, type: { dtype } };
  });
  const whole = { ...model, graph: { ...model.graph, outputs: declared } };
  check(whole);
  for (const [name, dims] of Object.entries(await dimsOf(whole, { x: [1, 4, 6, 8] }))) {
    expect({ name, shape: types.get(name)?.shape }).toEqual({ name, shape: dims });
  }
}

it("operators of other exporters' networks have the types that onnxruntime computes", async () => {
  const same =
    'Abs Acos Asinh Ceil Celu Cos Floor Log Reciprocal Round Selu Shrink Sign Sin Softplus Softsign Tan';
  await expectTypes([
    ...`${same} ThresholdedRelu LogSoftmax Hardmax LpNormalization MeanVarianceNormalization`
      .split(' ')
      .map((opType) => on(opType)),
    ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual', 'Max', 'Min', 'Mean', 'Sum'].map(
      (opType) => on(opType, ['one']),
    ),
    ...['Max', 'Sum'].map((opType) => on(opType, ['one', 'updates'])),
    on('PRelu', ['slope']),
    on('LRN', [], { size: int(3) }),
    on('CumSum', ['third']),
    on('IsNaN'),
    on('IsInf'),
    on('Dropout', [], {}, 2),
    on('ArgMax', [], { axis: int(1), keepdims: int(0) }),
    on('ArgMin', [], { axis: int(-1) }),
    on('TopK', ['count'], {}, 2),
    on('MaxPool', [], { kernel_shape: ints([3, 3]) }, 2),
    on('LpPool', [], { kernel_shape: ints([3, 2]), strides: ints([2, 2]) }),
    on('GlobalMaxPool'),
    on('GlobalLpPool'),
    on('SpaceToDepth', [], { blocksize: int(2) }),
    on('DepthToSpace', [], { blocksize: int(2) }),
    on('Expand', ['wide']),
    on('Tile', ['repeats']),
    on('GatherND', ['places']),
    on('GatherND', ['pairs']),
    on('GatherElements', ['elements'], { axis: int(3) }),
    on('ScatterND', ['places', 'updates']),
    on('ScatterElements', ['elements', 'few'], { axis: int(3) }),
    ...transposed.map((attributes) =>
      on('ConvTranspose', ['kernel'], { strides: ints([2, 3]), ...attributes }),
    ),
    on('GridSample', ['grid']),
    on('RoiAlign', ['rois', 'batches'], { output_height: int(2), output_width: int(5) }),
    on('LayerNormalization', ['ones', 'ones'], { axis: int(-1) }),
    on('Size'),
    on('Shape'),
    ...['ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceSumSquare'].map(
      (opType) => on(opType, [], { axes: ints([-1]), keepdims: int(0) }),
    ),
    ...['nchw,wv->nchv', 'nchw,wv', '...w,wv->...v', 'nchw,wv->vn'].map((equation) =>
      on('Einsum', ['matrix'], { equation: string(equation) }),
    ),
    on('Einsum', ['x'], { equation: string('nchw,ncij->nhwij') }),
    node('Where', ['mask', 'x', 'one'], ['where']),
    node('Not', ['mask'], ['not']),
    node('And', ['mask', 'mask'], ['and']),
    node('OneHot', ['elements', 'depth', 'onOff'], ['hot'], { axis: int(1) }),
    node('Range', ['zero', 'end', 'step'], ['range']),
  ]);
});

it('so have those of older opsets', async () => {
  await expectTypes(
    [on('Softmax'), on('LogSoftmax', [], { axis: int(3) }), on('Clip', [], { min: float(0), max: float(6) })],
    9,
  );
  await expectTypes([on('Upsample', ['scales'], { mode: string('nearest') })], 9);
  await expectTypes([on('Upsample', [], { scales: { type: 'floats', value: [1, 1, 2, 3] } })], 7);
  await expectTypes([on('Resize', ['scales'], { mode: string('linear') })], 10);
});

const over = (nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>) =>
  handmade({
    nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: ['N', 3, 'H', 'W'] } }],
    outputs: [{ name: 'y', type: { dtype: 'float32' } }],
    initializers: new Map(Object.entries(initializers)),
  });

it("PyTorch's expand, whose target is chosen by Equal and Where, is followed", async () => {
  const model = over(
    [
      node('Shape', ['x'], ['sizes']),
      node('Gather', ['sizes', 'batch'], ['n']),
      node('Concat', ['n', 'rest'], ['asked'], { axis: int(0) }),
      node('ConstantOfShape', ['rank'], ['ones'], { value: { type: 'tensor', value: vector(1) } }),
      node('Mul', ['ones', 'open'], ['none']),
      node('Equal', ['asked', 'none'], ['isOpen']),
      node('Where', ['isOpen', 'ones', 'asked'], ['target']),
      node('Expand', ['token', 'target'], ['y']),
    ],
    { batch: vector(0), rest: vector(-1, 8), rank: vector(3), open: scalar(-1), token: zeros([1, 1, 8]) },
  );
  check(model);
  expect(inferTypes(model).get('y')?.shape).toEqual([
    ...(inferTypes(model).get('x')?.shape.slice(0, 1) ?? []),
    1,
    8,
  ]);
  expect(await dimsOf(model, { x: [2, 3, 4, 4] })).toEqual({ y: [2, 1, 8] });
});

it('sizes that are computed in float32 are followed', async () => {
  const scaled = (factor: number) =>
    over(
      [
        node('Shape', ['x'], ['sizes']),
        node('Slice', ['sizes', 'two', 'four'], ['space']),
        node('Cast', ['space'], ['floats'], { to: int(1) }),
        node('Mul', ['floats', 'factor'], ['more']),
        node('Floor', ['more'], ['whole']),
        node('Cast', ['whole'], ['counted'], { to: int(7) }),
        node('Slice', ['sizes', 'zero', 'two'], ['head']),
        node('Concat', ['head', 'counted'], ['target'], { axis: int(0) }),
        node('Resize', ['x', '', '', 'target'], ['y']),
      ],
      { zero: vector(0), two: vector(2), four: vector(4), factor: float32Tensor([1], [factor]) },
    );
  for (const factor of [2, 0.5, 1.3]) {
    const found = inferTypes(scaled(factor), { N: 1, H: 7, W: 9 }).get('y')?.shape;
    expect({ y: found }).toEqual(await dimsOf(scaled(factor), { x: [1, 3, 7, 9] }));
  }
  const [, , height] = inferTypes(scaled(2)).get('y')?.shape ?? [];
  expect(height).toEqual(multiplyDims(symbol('H'), 2));
});

it('multiply-adds of an Einsum are those of the product that it is', () => {
  const nodes = [on('Einsum', ['matrix'], { equation: string('nchw,wv->nchv') })];
  expect(cost(modelOf(nodes, 17)).macs).toBe(4 * 6 * 8 * 9);
});

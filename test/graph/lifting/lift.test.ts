import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { at } from '../../../graph/common/at.js';
import { type Attribute, float, int, ints, string } from '../../../graph/ir/attribute.js';
import type { Model, Node, ValueInfo } from '../../../graph/ir/model.js';
import { elementCount, float32Tensor, int64Tensor, type Tensor, unravel } from '../../../graph/ir/tensor.js';
import { CHANGES } from '../../../graph/lifting/changes.js';
import { frozen } from '../../../graph/lifting/freeze.js';
import { lift, liftedToCount } from '../../../graph/lifting/lift.js';
import { handmade, node, type Ran, run } from '../../support/graph.js';

/** Sizes of what is fed, a constant, or what is left out. */
type Operand = readonly number[] | Tensor | '';
type Attributes = Readonly<Record<string, Attribute>>;

interface OneNode {
  readonly opset: number;
  readonly opType: string;
  readonly inputs: readonly Operand[];
  readonly attributes: Attributes;
  readonly results: readonly string[];
}

const isSizes = (operand: Operand): operand is readonly number[] => Array.isArray(operand);

/** All of them beside each other in one model, since a session takes its time. */
function together(cases: readonly OneNode[], opset: number): Model {
  const nodes: Node[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const initializers = new Map<string, Tensor>();
  for (const [number, { opType, inputs: operands, attributes, results }] of cases.entries()) {
    const names = operands.map((operand, index) => {
      const name = operand === '' ? '' : `x${number}_${index}`;
      if (isSizes(operand)) inputs.push({ name, type: { dtype: 'float32', shape: operand } });
      else if (operand !== '') initializers.set(name, operand);
      return name;
    });
    const made = results.map((result) => `${result}${number}`);
    nodes.push(node(opType, names, made, attributes));
    outputs.push({ name: `y${number}`, type: { dtype: 'float32' } });
  }
  return {
    ...handmade({ nodes, inputs, outputs, initializers }),
    irVersion: 4,
    opsets: new Map([['', opset]]),
  };
}

/** Values of both signs, no two alike. */
const values = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(7 * i + 1) * (1 + (i % 5)));

function outputsOf(model: Model): Promise<Readonly<Record<string, Ran>>> {
  const feeds = model.graph.inputs.map(({ name, type }) => {
    const dims = (type?.shape ?? []).map(Number);
    return [name, { dims, data: values(elementCount(dims)) }];
  });
  return run(model, Object.fromEntries(feeds));
}

const f32 = (dims: readonly number[], list: readonly number[]) => float32Tensor(dims, list);
const i64 = (...list: number[]) => int64Tensor([list.length], list);
const floats = (...value: number[]): Attribute => ({ type: 'floats', value });
/** The largest int64 that a float64 holds. */
const FAR = 2 ** 63 - 1024;

function* cases(): Generator<OneNode> {
  const one = (
    opsets: readonly number[],
    opType: string,
    inputs: readonly Operand[],
    attributes: Attributes = {},
    results: readonly string[] = ['y'],
  ) => opsets.map((opset) => ({ opset, opType, inputs, attributes, results }));
  const ranks = [[6], [2, 3], [2, 3, 4], [2, 3, 4, 5], [1, 3, 1, 1], [2, 1, 4, 1], [1, 2, 3, 4, 2]];
  for (const sizes of ranks) {
    const axes = sizes.map((_, axis) => axis);
    for (const opType of ['Softmax', 'LogSoftmax', 'Hardmax']) {
      for (const axis of axes) yield* one([7, 11, 12], opType, [sizes], { axis: int(axis) });
      yield* one([11, 12], opType, [sizes], { axis: int(-1) });
      yield* one([11], opType, [sizes], { axis: int(-sizes.length) });
      if (sizes.length > 1) yield* one([8, 12], opType, [sizes]);
    }
    for (const axis of axes) {
      yield* one([9], 'Slice', [sizes], { axes: ints([axis]), starts: ints([0]), ends: ints([FAR]) });
      yield* one([9], 'Slice', [sizes], { axes: ints([axis]), starts: ints([-FAR]), ends: ints([-1]) });
      yield* one([7, 12], 'ReduceSum', [sizes], { axes: ints([axis]), keepdims: int(axis % 2) });
      yield* one([11, 12], 'ReduceSum', [sizes], { axes: ints([axis - sizes.length]) });
      yield* one([7, 12], 'Unsqueeze', [sizes], { axes: ints([axis, sizes.length + 1]) });
      for (const mode of ['Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSumExp']) {
        yield* one([9, 13, 17], `Reduce${mode}`, [sizes], { axes: ints([axis]), keepdims: int(0) });
      }
    }
    yield* one([9], 'Slice', [sizes], { starts: ints([0]), ends: ints([1]) });
    yield* one([7, 12], 'ReduceSum', [sizes]);
    yield* one([13, 17], 'ReduceLogSum', [sizes.map(() => 1)], { keepdims: int(0) });
    for (const attributes of [
      { min: float(-1), max: float(0.5) },
      { min: float(0) },
      { max: float(1) },
      {},
    ]) {
      yield* one([7, 10], 'Clip', [sizes], attributes);
    }
    yield* one([7, 11], 'Dropout', [sizes], { ratio: float(0.3) });
    yield* one([7, 10], 'Dropout', [sizes], {}, ['y', 'mask']);
    const pads = [...sizes.map((_, axis) => axis % 2), ...sizes.map(() => 1)];
    yield* one([7, 10], 'Pad', [sizes], { pads: ints(pads), value: float(0.25) });
    yield* one([7, 10], 'Pad', [sizes], { pads: ints(pads) });
    if (sizes.every((size) => size > 1)) {
      for (const mode of ['edge', 'reflect'])
        yield* one([7, 10], 'Pad', [sizes], { pads: ints(pads), mode: string(mode), value: float(3) });
    }
  }
  yield* one([7, 12], 'Squeeze', [[1, 3, 1, 2]], { axes: ints([0, 2]) });
  yield* one([7, 12], 'Squeeze', [[1, 3, 1, 2]]);
  yield* one([7, 12, 13], 'Split', [[2, 6]], { axis: int(1) }, ['y', 'z']);
  yield* one([7, 12], 'Split', [[2, 6]], { axis: int(1), split: ints([5, 1]) }, ['y', 'z']);
  yield* one([7, 9], 'TopK', [[3, 5]], { k: int(2) }, ['y', 'at']);
  yield* one([7, 9], 'TopK', [[3, 5]], { k: int(2), axis: int(0) }, ['y', 'at']);
  for (const mode of ['nearest', 'linear']) {
    for (const scales of [
      [1, 1, 2, 2],
      [1, 1, 1, 3],
      [1, 1, 1.5, 2.3],
    ]) {
      const named = { mode: string(mode) };
      const list = f32([4], scales);
      yield* one([7, 8], 'Upsample', [[1, 2, 3, 4]], { ...named, scales: floats(...scales) });
      yield* one([9], 'Upsample', [[1, 2, 3, 4], list], named);
      yield* one([10], 'Resize', [[1, 2, 3, 4], list], named);
      const down = f32(
        [4],
        scales.map((scale) => 1 / scale),
      );
      yield* one([10], 'Resize', [[1, 2, 7, 9], down], named);
    }
    yield* one([10], 'Resize', [[1, 2, 7, 4], f32([4], [1, 1, 0.6, 2.5])], { mode: string(mode) });
  }
  for (const nearest of ['floor', 'round_prefer_floor']) {
    for (const scales of [
      [1, 1, 2, 3],
      [1, 1, 0.5, 1.5],
    ]) {
      const named = {
        coordinate_transformation_mode: string('tf_half_pixel_for_nn'),
        nearest_mode: string(nearest),
      };
      yield* one([11, 12], 'Resize', [[1, 2, 6, 4], f32([0], []), f32([4], scales)], named);
    }
  }
  const parameters = ['scale', 'bias', 'mean', 'variance'].map((_, at) => f32([3], [1 + at, 0.5, 2]));
  yield* one([7, 8, 9, 13], 'BatchNormalization', [[2, 3, 4, 5], ...parameters], { epsilon: float(0.01) });
  const places = [1, 2, 3, 4].map((at) => f32([3, 2], [at, 0.5, 2, 3, 1, 0.1]));
  yield* one([7, 8], 'BatchNormalization', [[2, 3, 2], ...places], { spatial: int(0), epsilon: float(0.1) });
  yield* one([9, 10], 'Scatter', [[3, 3], int64Tensor([1, 3], [2, 0, 1]), f32([1, 3], [9, 8, 7])]);
  const region = f32([1, 4], [0.4, 0.7, 3.1, 2.6]);
  const sampled = { output_height: int(2), output_width: int(2), sampling_ratio: int(2) };
  yield* one([10, 15], 'RoiAlign', [[1, 2, 5, 5], region, i64(0)], sampled);
  const grid = f32([1, 2, 2, 2], [-0.7, 0.1, 0.3, 0.9, -0.2, -0.4, 0.5, 0.6]);
  for (const mode of ['bilinear', 'nearest', 'bicubic'])
    yield* one([16, 19], 'GridSample', [[1, 2, 4, 5], grid], { mode: string(mode) });
  yield* one([16], 'GridSample', [[1, 2, 4, 5], grid]);
  yield* one([17, 19], 'DFT', [[2, 4, 3, 1]]);
  yield* one([17], 'DFT', [[2, 4, 3, 1]], { axis: int(2), onesided: int(1) });
}

const CASES = [...cases()];
const OPSETS = [...new Set(CASES.map(({ opset }) => opset))].sort((a, b) => a - b);
const TARGETS = [13, 18, 21];

describe('nodes compute the same in a later opset', () => {
  it.each(OPSETS)('those of opset %d', async (opset) => {
    const own = CASES.filter((one) => one.opset === opset);
    const model = together(own, opset);
    const expected = await outputsOf(model);
    for (const target of TARGETS.filter((each) => each > opset)) {
      const lifted = lift(model, target);
      check(lifted);
      expect(lifted.opsets).toEqual(new Map([['', target]]));
      const found = await outputsOf(lifted);
      for (const [number, one] of own.entries()) {
        const [a, b] = [expected[`y${number}`], found[`y${number}`]];
        const what = { ...one, target };
        expect({ ...what, dims: b?.dims, data: b?.data.map(rounded(one)) }).toEqual({
          ...{ ...what, dims: a?.dims },
          data: a?.data.map(rounded(one)),
        });
      }
    }
  });
});

/** All give the same bits, but a normalization that has no node of its own any more. */
const rounded =
  ({ attributes }: OneNode) =>
  (value: number): number =>
    attributes.spatial === undefined ? value : Math.round(value * 1e5);

it('every change of an operator since opset 8 is among them', () => {
  const missing = CHANGES.filter(([opset]) => opset > 7).flatMap(([opset, operators]) =>
    operators
      .split(' ')
      .filter((opType) => !CASES.some((one) => one.opType === opType && one.opset < opset))
      .map((opType) => `${opType} of opset ${opset}`),
  );
  expect(missing).toEqual(['Scan of opset 9', 'GroupNormalization of opset 21']);
});

/** A node of opset 6, which onnxruntime does not run, lifted. */
function liftedFrom6(opType: string, inputs: readonly Operand[], attributes: Attributes, results = ['y']) {
  return lift(together([{ opset: 6, opType, inputs, attributes, results }], 6));
}

describe('what opset 7 changed', () => {
  const counting = (...dims: number[]) =>
    float32Tensor(
      dims,
      Array.from({ length: elementCount(dims) }, (_, i) => i),
    );

  it.each([
    [1, [3], (_: number, c: number) => c],
    [2, [4], (_n: number, _c: number, h: number) => h],
    [1, [3, 4], (_: number, c: number, h: number) => 4 * c + h],
    [3, [5], (_n: number, _c: number, _h: number, w: number) => w],
    [0, [2], (n: number) => n],
    [-2, [4], (_n: number, _c: number, h: number) => h],
  ])('an operand is laid along axes from %d on', async (axis, sizes, placeOf) => {
    const attributes = { broadcast: int(1), axis: int(axis) };
    const model = liftedFrom6('Mul', [counting(2, 3, 4, 5), counting(...sizes)], attributes);
    const expected = Array.from({ length: 120 }, (_, i) => {
      const index = unravel(i, [2, 3, 4, 5]);
      return i * placeOf(at(index, 0), at(index, 1), at(index, 2), at(index, 3));
    });
    expect((await outputsOf(model)).y0?.data).toEqual(expected);
  });

  it('one slope a channel', async () => {
    const x = float32Tensor([1, 2, 1, 2], [-1, -2, -3, 4]);
    const model = liftedFrom6('PRelu', [x, f32([2], [0.5, 2])], {});
    expect((await outputsOf(model)).y0?.data).toEqual([-0.5, -1, -6, 4]);
  });

  it('height and width of an Upsample', async () => {
    const sides = { height_scale: float(2), width_scale: float(3), mode: string('nearest') };
    const model = liftedFrom6('Upsample', [f32([1, 1, 1, 2], [1, 2])], sides);
    expect((await outputsOf(model)).y0).toMatchObject({
      dims: [1, 1, 2, 6],
      data: [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2],
    });
  });

  it.each([
    ['BatchNormalization', [[1, 1], [1], [1], [1], [1]], { is_test: int(1), spatial: int(1) }],
    ['Dropout', [[1, 1]], { is_test: int(1), ratio: float(0.5) }],
    ['Gemm', Array(3).fill([1, 1]), { broadcast: int(1) }],
    [
      'LSTM',
      [
        [1, 1, 1],
        [1, 4, 1],
        [1, 4, 1],
      ],
      { hidden_size: int(1), output_sequence: int(1) },
    ],
  ])('attributes that are gone: %s', (opType, shapes, attributes) => {
    const { graph } = liftedFrom6(opType, shapes, attributes);
    expect([...at(graph.nodes, 0).attributes.keys()]).toEqual(opType === 'LSTM' ? ['hidden_size'] : []);
  });
});

it('one scale a group becomes one a channel', async () => {
  const parameters = [f32([2], [2, 3]), f32([2], [0.5, -0.5])];
  const normalization = {
    opset: 20,
    opType: 'GroupNormalization',
    inputs: [[1, 4, 2], ...parameters],
    results: ['y'],
  };
  const model = lift(together([{ ...normalization, attributes: { num_groups: int(2) } }], 20), 21);
  const x = values(8);
  const wanted = [0, 1].flatMap((group) => {
    const own = [...x.subarray(4 * group, 4 * group + 4)];
    const mean = own.reduce((sum, value) => sum + value, 0) / 4;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4;
    return own.map((value) => ((value - mean) / Math.sqrt(variance + 1e-5)) * (2 + group) + 0.5 - group);
  });
  const found = (await outputsOf(model)).y0?.data ?? [];
  expect(found.map((value, i) => Math.abs(value - at(wanted, i)) < 1e-5)).toEqual(Array(8).fill(true));
});

describe('types that nothing tells', () => {
  const clip = (opsets: readonly [string, number][], more: readonly Node[] = []) => ({
    ...handmade({
      nodes: [node('Mystery', ['x'], ['m']), ...more, node('Clip', ['m'], ['y'], { min: float(0) })],
      inputs: [{ name: 'x', type: { dtype: 'float32' as const, shape: [2] } }],
      outputs: [{ name: 'y' }],
    }),
    opsets: new Map(opsets),
  });

  it('are float32 where a model holds no other float', () => {
    const model = clip([['', 9]]);
    const [first, ...others] = model.graph.nodes;
    const known = {
      ...model,
      graph: { ...model.graph, nodes: [node('MelWeightMatrix', ['x'], ['m']), ...others] },
    };
    expect(first?.opType).toBe('Mystery');
    expect(lift(known).graph.nodes).toMatchObject([{}, { inputs: ['m', 'constant'] }]);
  });

  it('are refused where it may, since an operator of another domain gives what it likes', () => {
    const model = clip([
      ['', 9],
      ['org.example', 1],
    ]);
    const [mystery, ...others] = model.graph.nodes;
    const nodes = [{ ...mystery, domain: 'org.example' } as Node, ...others];
    expect(() => lift({ ...model, graph: { ...model.graph, nodes } })).toThrow(
      "node 'y' (Clip) cannot be lifted from opset 9 to 13: the type of its 'min' is unknown",
    );
  });

  it('are cast to where they are known', async () => {
    const x = { name: 'x', type: { dtype: 'float32' as const, shape: [3] } };
    const half = node('Cast', ['x'], ['h'], { to: int(10) });
    const nodes = [
      half,
      node('Clip', ['h'], ['c'], { max: float(1) }),
      node('Cast', ['c'], ['y'], { to: int(1) }),
    ];
    const graph = { nodes, inputs: [x], outputs: [{ name: 'y', type: { dtype: 'float32' as const } }] };
    const lifted = lift({ ...handmade(graph), opsets: new Map([['', 9]]) });
    check(lifted);
    expect((await outputsOf(lifted)).y?.data).toEqual(
      [...values(3)].map((value) => expect.closeTo(Math.min(value, 1), 3)),
    );
  });
});

describe('refused, with the node and the reason', () => {
  const only = (
    opset: number,
    opType: string,
    inputs: readonly Operand[],
    attributes = {},
    results = ['y'],
  ) => together([{ opset, opType, inputs, attributes, results }], opset);

  it.each<[string, Model, string]>([
    ['an older one', only(5, 'Relu', [[1]]), 'opset 5 is too old to be lifted: 6 is the oldest'],
    ['no operator', only(9, 'ATen', [[1]]), "node 'y0' (ATen): not an operator of ONNX up to opset 13"],
    ['a Scan of opset 8', only(8, 'Scan', [[1]]), 'its batches, which opset 9 removed, have no equivalent'],
    [
      'a training',
      only(9, 'BatchNormalization', [[1]], {}, ['y', 'y']),
      "its output 'y0', which only a training",
    ],
    ['a Slice of nothing', only(9, 'Slice', [[1]]), 'it has no starts or no ends'],
    [
      'half a pixel of TensorFlow',
      only(12, 'Resize', [[1, 1, 2, 2]], {
        coordinate_transformation_mode: string('tf_half_pixel_for_nn'),
        mode: string('linear'),
      }),
      'tf_half_pixel_for_nn, which opset 13 removed',
    ],
    ['unknown scales', only(10, 'Resize', [[1, 1, 2, 2], [4]]), 'its scales are unknown'],
    [
      'too many axes',
      only(6, 'Add', [[2], [2, 2]], { broadcast: int(1), axis: int(0) }),
      'more axes than are left',
    ],
    [
      'a list that is none',
      only(12, 'Squeeze', [[1]], { axes: int(0) }),
      "attribute 'axes' is not a list of whole",
    ],
    ['pads', only(9, 'Pad', [[1]]), 'it has no pads'],
    ['scales', only(8, 'Upsample', [[1]]), 'it has no scales'],
  ])('%s', (_, model, message) => {
    expect(() => lift(model)).toThrow(message);
    expect(liftedToCount(model)).toBe(model);
  });
});

it('what has the opset already, or a later one, is as it was', () => {
  const model = together([], 17);
  expect(lift(model)).toBe(model);
  expect(lift(model, 17)).toBe(model);
});

it('before IR version 4 weights are inputs by definition, and constants', () => {
  const model = together(
    [{ opset: 8, opType: 'Add', inputs: [[2], f32([2], [1, 2])], attributes: {}, results: ['y'] }],
    8,
  );
  const weights = [{ name: 'x0_1', type: { dtype: 'float32' as const, shape: [2] } }];
  const as = (irVersion: number) => ({
    ...model,
    irVersion,
    graph: { ...model.graph, inputs: [...model.graph.inputs, ...weights] },
  });
  expect(lift(as(3)).graph.inputs.map(({ name }) => name)).toEqual(['x0_0']);
  expect(lift(as(4)).graph.inputs.map(({ name }) => name)).toEqual(['x0_0', 'x0_1']);
  expect(frozen(as(4)).graph.inputs.map(({ name }) => name)).toEqual(['x0_0']);
  expect(frozen(model)).toBe(model);
});

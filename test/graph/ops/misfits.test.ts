import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { type Attribute, float, int, ints, string } from '../../../graph/ir/attribute.js';
import type { Model, Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { dimsOf, handmade, node, zeros } from '../../support/graph.js';

const tensor = (value: Tensor): Attribute => ({ type: 'tensor', value });
const list = (...values: number[]) => int64Tensor([values.length], values);

const SIZES = [1, 4, 6, 8];
const WEIGHTS = new Map<string, Tensor>([
  ['w', zeros([4, 4, 3, 3])],
  ['empty', float32Tensor([0], [])],
  ['floats', zeros([2])],
  ['table', int64Tensor([2, 2], [1, 4, 6, 8])],
  ...([0, 1, 2, 4, 5, -5, 7] as const).map((value): [string, Tensor] => [`n${value}`, list(value)]),
  ['none', int64Tensor([0], [])],
  ['twice', list(1, 1)],
  ['same', list(0, -4)],
  ['both', list(0, -6)],
  ['open', list(-1, -1, 4)],
  ['copied', list(0, 0, 0, 0, 0)],
  ['negative', list(-2, 96)],
  ['more', list(1, 4, 6, 9)],
  ['three', list(1, 4, 6)],
  ['minus', list(1, 4, -6, -8)],
  ['big', list(2 ** 40, 2 ** 40)],
  ['eight', list(0, 0, 0, 0, 0, 0, 0, -9)],
  ['halves', float32Tensor([4], [1, 1, 0.5, 0.5])],
  ['zero', float32Tensor([4], [1, 1, 0, 1])],
  ['infinite', float32Tensor([4], [1, 1, Number.POSITIVE_INFINITY, 1])],
  ['scales', zeros([3])],
  ['parts', list(1, 4)],
  ['repeats', list(2, 1, 3, 1)],
  ['twofold', float32Tensor([2], [2, 3])],
  ['twos', list(1, 2)],
  ['last', list(-1)],
  ['wider', zeros([4, 6, 16])],
  ['deeper', zeros([1, 1, 4, 6, 8])],
  ['more5', int64Tensor([1, 5], [0, 0, 0, 0, 0])],
  ['scalar', int64Tensor([], [0])],
  ['points', zeros([1, 2, 2, 3])],
  ['true', { dtype: 'bool', dims: [1], bytes: () => Uint8Array.of(1) }],
]);

function modelOf(made: Node, opset = 17): Model {
  const model = handmade({
    nodes: [made],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: SIZES } }],
    outputs: made.outputs.map((name) => ({ name })),
    initializers: new Map([...WEIGHTS].filter(([name]) => made.inputs.includes(name))),
  });
  return { ...model, opsets: new Map([['', opset]]) };
}

type Case = readonly [why: string, Node, says: RegExp, opset?: number];
const on = (
  opType: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  outputs: readonly string[] = ['y'],
) => node(opType, ['x', ...inputs], outputs, attributes);

/** AttributeProto: `end`, the largest int64, INT. */
const END = Buffer.concat([Buffer.from('\n\x03end\x18'), Buffer.alloc(8, 0xff), Buffer.of(0x7f, 0xa0, 1, 2)]);

/** onnxruntime stretches x as well, and takes one of two values, and an axis that is named twice once; ONNX's own checker and NumPy do not. */
const STRICTER = [
  'PRelu whose slope has more axes',
  'Squeeze twice',
  'Constant with two',
  'Constant that is no tensor',
];

/** Each breaks a rule of the ONNX operator specification. */
const CASES: readonly Case[] = [
  ['Transpose of an axis twice', on('Transpose', [], { perm: ints([0, 1, 2, 2]) }), /perm \[0,1,2,2\]/],
  ['Transpose of too few', on('Transpose', [], { perm: ints([0, 1]) }), /perm/],
  ['Transpose from the end', on('Transpose', [], { perm: ints([0, 1, 2, -1]) }), /perm/],
  ['Concat without an axis', on('Concat', ['x']), /'axis' is missing/],
  ['Concat behind the last axis', on('Concat', ['x'], { axis: int(4) }), /axis 4 is outside/],
  ['Gather before the first axis', on('Gather', ['n0'], { axis: int(-5) }), /axis -5 is outside/],
  ['Gather behind the end', on('Gather', ['n7'], { axis: int(2) }), /index 7 is outside an axis of 6/],
  ['Gather before the start', on('Gather', ['n-5'], { axis: int(1) }), /index -5 is outside/],
  [
    'ConvTranspose to a whole shape',
    on('ConvTranspose', ['w'], { output_shape: ints([1, 4, 6, 8]) }),
    /output_shape \[1,4,6,8\]/,
  ],
  ['PRelu whose slope is wider', on('PRelu', ['wider']), /slope \[4, 6, 16\]|do not broadcast/],
  ['PRelu whose slope has more axes', on('PRelu', ['deeper']), /does not stretch to/],
  ['PRelu of another type', on('PRelu', ['n1']), /slope is int64/],
  ['Where of a number', node('Where', ['x', 'x', 'x'], ['y']), /condition is float32, expected bool/],
  ['Where of two types', node('Where', ['true', 'x', 'n1'], ['y']), /x is float32, y is int64/],
  ['Sum of nothing', node('Sum', [], ['y']), /no operand/],
  ['ArgMax behind the last axis', on('ArgMax', [], { axis: int(4) }), /axis 4 is outside/],
  ['GatherND deeper than its data', on('GatherND', ['more5']), /5 axes of indices/],
  ['GatherND by no axis', on('GatherND', ['scalar']), /indices have no axis/],
  ['GatherElements of another rank', on('GatherElements', ['twos']), /indices are \[2\]/],
  ['ScatterND of another type', on('ScatterND', ['twos', 'n1']), /updates are int64/],
  ['ScatterND of other updates', on('ScatterND', ['twos', 'floats']), /do not fit data/],
  ['GridSample by three numbers a place', on('GridSample', ['points']), /grid \[1, 2, 2, 3\]/],
  ['RoiAlign of a list', on('RoiAlign', ['floats', 'n0']), /rois \[2\] do not fit/],
  ['Einsum of another rank', on('Einsum', ['x'], { equation: string('ab,abcd->cd') }), /another rank/],
  [
    'Einsum of sizes that differ',
    on('Einsum', ['x'], { equation: string('abcd,abdc->a') }),
    /'d' is 8 and 6|'c' is 6 and 8/,
  ],
  [
    'Einsum of a label from nowhere',
    on('Einsum', [], { equation: string('abcd->e') }),
    /'e' is in no operand/,
  ],
  [
    'Einsum of other operands',
    on('Einsum', [], { equation: string('abcd,abcd->a') }),
    /not one of 1 operands/,
  ],
  ['Einsum of signs', on('Einsum', [], { equation: string('ab!d->a') }), /not a term/],
  [
    'SpaceToDepth into blocks of 4',
    on('SpaceToDepth', [], { blocksize: int(4) }),
    /does not divide into blocks of 4 by 4/,
  ],
  ['Upsample by two scales', on('Upsample', ['twofold']), /2 scales for x/, 9],
  ['Upsample by 0', on('Upsample', ['zero']), /must be above 0/, 9],
  ['Slice by 0', on('Slice', ['n0', 'n2', 'n1', 'n0']), /a step of 0/],
  ['Slice of an axis twice', on('Slice', ['twice', 'twice', 'twice']), /name one twice/],
  ['Slice of an axis that is not there', on('Slice', ['n0', 'n1', 'n4']), /axis 4/],
  ['Slice with two ends', on('Slice', ['n0', 'twice']), /1 starts, 2 ends/],
  ['Slice with two steps', on('Slice', ['n0', 'n1', 'n1', 'twice']), /2 steps/],
  ['Softmax', on('Softmax', [], { axis: int(4) }), /axis 4 is outside/],
  ['ReduceMean', on('ReduceMean', [], { axes: ints([4]) }), /axis 4 is outside/],
  ['LayerNormalization', on('LayerNormalization', ['w'], { axis: int(-5) }), /axis -5/],
  ['Flatten', on('Flatten', [], { axis: int(5) }), /axis 5/],
  ['Unsqueeze far away', on('Unsqueeze', ['n5']), /axis 5/],

  ['Unsqueeze twice', on('Unsqueeze', ['both']), /name one twice/],
  ['Unsqueeze without axes', on('Unsqueeze', []), /axes are missing/],
  ['Unsqueeze by an attribute twice', on('Unsqueeze', [], { axes: ints([0, 0]) }), /name one twice/, 11],
  ['Squeeze of what is not 1', on('Squeeze', ['n1']), /axis 1 of \[1, 4, 6, 8\] is not of size 1/],
  ['Squeeze far away', on('Squeeze', ['n4']), /axis 4/],
  ['Squeeze twice', on('Squeeze', ['same']), /name one twice/],
  ['Squeeze by an attribute', on('Squeeze', [], { axes: ints([2]) }), /not of size 1/, 11],
  ['Split into too many', on('Split', ['parts'], { axis: int(2) }), /2 sizes for 1 outputs/],
  ['Split into too much', on('Split', ['parts'], { axis: int(2) }, ['y', 'z']), /\[1,4\].*an axis of 6/],
  ['Split unevenly', on('Split', [], { axis: int(2) }, ['a', 'b', 'c', 'd']), /not split into 4 parts/],
  ['Pad of three axes', on('Pad', ['three']), /pads holds 3 sizes, expected 8/],
  ['Pad below nothing', on('Pad', ['eight']), /impossible size -1/],
  ['Reshape to two open sizes', on('Reshape', ['open']), /shape \[-1, -1, 4\]/],
  ['Reshape with 0 behind the rank', on('Reshape', ['copied']), /shape \[0, 0, 0, 0, 0\]/],
  ['Reshape to a negative size', on('Reshape', ['negative']), /shape \[-2, 96\]/],
  ['Reshape to more', on('Reshape', ['more']), /does not fill \[1, 4, 6, 9\]/],
  ['Reshape to a table', on('Reshape', ['table']), /shape is \[2, 2\], expected a list/],
  ['Reshape to floats', on('Reshape', ['floats']), /shape is float32, expected int64/],
  ['Expand to less', on('Expand', ['three']), /do not broadcast/],
  ['Tile of three axes', on('Tile', ['three']), /3 repeats/],
  ['Tile by a negative number', on('Tile', ['minus']), /impossible size -36/],
  ['Resize to three sizes', on('Resize', ['', '', 'three']), /sizes has 3 entries/],
  ['Resize by three scales', on('Resize', ['', 'scales']), /scales has 3 entries/],
  ['Resize to nothing', on('Resize', ['', 'zero']), /scales \[1,1,0,1\] must be above 0/],
  [
    'Resize without end',
    on('Resize', ['', 'infinite']),
    /scales \[1,1,Infinity,1\] must be above 0 and finite/,
  ],
  ['Conv of vectors', node('Conv', ['floats', 'floats'], ['y']), /x \[2\] has no channels/],
  ['Conv in no group', on('Conv', ['w'], { group: int(0) }), /group \[0\] must be 1 or more/],
  ['Conv of another window', on('Conv', ['w'], { kernel_shape: ints([5, 5]) }), /kernel_shape is \[5,5\]/],
  ['Conv that stands still', on('Conv', ['w'], { strides: ints([0, 1]) }), /strides \[0,1\]/],
  ['Conv of one stride', on('Conv', ['w'], { strides: ints([1]) }), /do not fit 2 spatial axes/],
  ['Conv on one place', on('Conv', ['w'], { dilations: ints([0, 1]) }), /dilations \[0,1\]/],
  ['Conv of two pads', on('Conv', ['w'], { pads: ints([1, 1]) }), /do not fit 2 spatial axes/],
  ['Conv of negative pads', on('Conv', ['w'], { pads: ints([-1, 0, 0, 0]) }), /pads \[-1,0,0,0\]/],
  ['Conv of some padding', on('Conv', ['w'], { auto_pad: string('SAME') }), /auto_pad is 'SAME'/],
  ['ConvTranspose in no group', on('ConvTranspose', ['w'], { group: int(-1) }), /group \[-1\]/],
  ['ConvTranspose in 3 groups', on('ConvTranspose', ['w'], { group: int(3) }), /into 3 groups/],
  [
    'ConvTranspose with one output padding',
    on('ConvTranspose', ['w'], { output_padding: ints([1]) }),
    /output_padding \[1\] does not fit/,
  ],
  ['MaxPool without a window', on('MaxPool', []), /window of \[\] does not fit/],
  ['MaxPool of nothing', on('MaxPool', [], { kernel_shape: ints([0, 2]) }), /kernel \[0,2\]/],
  ['AveragePool', on('AveragePool', [], { kernel_shape: ints([2, 2]), pads: ints([0, 0, 0, -1]) }), /pads/],
  ['DepthToSpace without blocks', on('DepthToSpace', []), /blocksize \[0\] must be 1 or more/],
  ['DepthToSpace of too few', on('DepthToSpace', [], { blocksize: int(3) }), /4 channels do not divide/],
  ['Cast to nothing', on('Cast', []), /'to' is 0/],
  ['Cast to what is no type', on('Cast', [], { to: int(300) }), /'to' is 300/],
  [
    'an attribute of another type',
    on('Softmax', [], { axis: float(1) }),
    /'axis' is of type float, expected int/,
  ],
  [
    'an integer that is not held',
    on('Conv', ['w'], { dilations: { type: 'other', bytes: new Uint8Array() } }),
    /'dilations' is of a type, or a size, that is not read/,
  ],
  ['Constant without a value', node('Constant', [], ['y']), /it has no value/],
  ['Constant with two', node('Constant', [], ['y'], { value_int: int(1), value_float: float(1) }), /it has/],
  ['Constant that is no tensor', node('Constant', [], ['y'], { value: int(1) }), /expected tensor/],
  [
    'ConstantOfShape of two values',
    node('ConstantOfShape', ['n2'], ['y'], { value: tensor(float32Tensor([2], [1, 2])) }),
    /not a tensor of one element/,
  ],
  ['ConstantOfShape of a negative size', node('ConstantOfShape', ['n-5'], ['y']), /impossible size -5/],
  [
    'a constant of a trillion elements',
    node('ConstantOfShape', ['big'], ['y']),
    /impossible|constants alone/,
  ],
  ['Gemm of four axes', on('Gemm', ['w']), /do not multiply|expected/],
  ['QuantizeLinear along no axis', on('QuantizeLinear', ['floats'], { axis: int(9) }), /axis 9/],
  ['QuantizeLinear with two scales', on('QuantizeLinear', ['floats'], { axis: int(1) }), /scale is \[2\]/],
];

describe("what breaks an operator's specification is refused by the node's name, as onnxruntime refuses it", () => {
  it.each(CASES.map(([why, ...rest]) => [why, rest] as const))('%s', async (why, [made, says, opset]) => {
    const model = modelOf(made, opset);
    const code = 'BAD_MODEL';
    const place = `node '${made.name}' (${made.opType}): `;
    expect(() => check(model)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(says) }),
    );
    expect(() => check(model)).toThrow(place);
    if (STRICTER.includes(why)) return;
    await expect(dimsOf(model, { x: SIZES })).rejects.toThrow();
  });
});

it('ReduceMean of an axis that is named twice reduces it once, as in onnxruntime', async () => {
  const model = modelOf(on('ReduceMean', [], { axes: ints([1, -3]) }));
  expect(inferTypes(model).get('y')?.shape).toEqual([1, 1, 6, 8]);
  expect((await dimsOf(model, { x: SIZES })).y).toEqual([1, 1, 6, 8]);
});

describe('forms that are followed, as onnxruntime computes them', () => {
  it.each<readonly [string, Node, number]>([
    ['Tile', on('Tile', ['repeats']), 17],
    ['Split into equal parts', on('Split', [], { axis: int(2) }, ['y', 'z']), 17],
    ['Split by a number', on('Split', [], { axis: int(3), num_outputs: int(3) }, ['y', 'z', 'v']), 18],
    ['Resize of some axes', on('Resize', ['', 'twofold'], { axes: ints([-1, 2]) }), 18],
    ['Resize of some axes to sizes', on('Resize', ['', '', 'three'], { axes: ints([2, 1, 3]) }), 18],
    ['Pad of some axes', on('Pad', ['twos', '', 'last']), 18],
    ['Shape to the end', on('Shape', [], { end: { type: 'int', value: 2 ** 63, whole: END } }), 17],
    ['Constant of whole numbers', node('Constant', [], ['y'], { value_ints: ints([3, 4]) }), 17],
    ['Constant of a number', node('Constant', [], ['y'], { value_float: float(3) }), 17],
  ])('%s', async (_, made, opset) => {
    const model = modelOf(made, opset);
    check(model);
    const types = inferTypes(model);
    const found = Object.fromEntries(made.outputs.map((name) => [name, types.get(name)?.shape]));
    expect(found).toEqual(await dimsOf(model, { x: SIZES }));
  });
});

import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { readOutline } from '../../../graph/file/outline.js';
import { parseModel } from '../../../graph/file/read.js';
import { decode, SparseTensorProto, TensorProto } from '../../../graph/file/schema.js';
import { readTensor, stringTensor } from '../../../graph/file/tensor.js';
import { encodedLength, encodeModel } from '../../../graph/file/write.js';
import { int } from '../../../graph/ir/attribute.js';
import { DTYPES, type DType } from '../../../graph/ir/dtype.js';
import type { Initializer, Model } from '../../../graph/ir/model.js';
import { byteLength, float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { handmade, node, run } from '../../support/graph.js';

const bytesOf = (dtype: DType, dims: readonly number[], ...values: number[]): Tensor => ({
  dtype,
  dims,
  bytes: () => Uint8Array.from(values),
});
const texts = (...values: string[]) =>
  stringTensor(
    [values.length],
    values.map((value) => Buffer.from(value)),
  );

const over = (
  nodes: Model['graph']['nodes'],
  initializers: Record<string, Initializer>,
  opset = 21,
): Model => ({
  ...handmade({
    nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 4] } }],
    outputs: [{ name: 'y' }],
    initializers: new Map(Object.entries(initializers)),
  }),
  irVersion: 10,
  opsets: new Map([['', opset]]),
});

function expectLossless(model: Model): Uint8Array {
  const bytes = encodeModel(model);
  expect(bytes).toHaveLength(encodedLength(model));
  const read = parseModel(bytes, 'it');
  check(read);
  expect(Buffer.from(encodeModel(read))).toEqual(Buffer.from(bytes));
  return bytes;
}

describe('elements that share a byte', () => {
  it('take as many bytes as they begin', () => {
    expect(byteLength('int4', [5])).toBe(3);
    expect(byteLength('uint2', [5])).toBe(2);
    expect(byteLength('float8e5m2', [5])).toBe(5);
  });

  it('are read as numbers of a list, too', () => {
    const message = { dims: [3], dataType: DTYPES.uint4.onnx, int32Data: Uint8Array.of(0x91, 1, 3) };
    const tensor = readTensor(decode(TensorProto, TensorProto.encode(message).finish()));
    expect([...tensor.bytes()]).toEqual([0x91, 3]);
  });

  it('are written as they were, and the graph around them is rewritten', async () => {
    const model = over(
      [
        node('DequantizeLinear', ['w', 's'], ['d']),
        node('Identity', ['d'], ['i']),
        node('MatMul', ['x', 'i'], ['y']),
      ],
      { w: bytesOf('int4', [4, 2], 0x21, 0x43, 0xf5, 0x87), s: float32Tensor([], [0.5]) },
    );
    const before = await run(parseModel(expectLossless(model), 'it'), { x: [1, 4] });
    const rewritten = optimize(model).model;
    expect(rewritten.graph.nodes.map(({ opType }) => opType)).toEqual(['DequantizeLinear', 'MatMul']);
    expect(await run(rewritten, { x: [1, 4] })).toEqual(before);
  });
});

it('floats of 8 bits are written as they were', () => {
  expectLossless(over([node('Identity', ['w'], ['y'])], { w: bytesOf('float8e4m3fn', [3], 1, 2, 255) }));
});

describe('strings', () => {
  const names = over(
    [
      node('ArgMax', ['x'], ['best'], { axis: int(1) }),
      node('Gather', ['names', 'best'], ['name']),
      node('Equal', ['name', 'wanted'], ['same']),
      node('Cast', ['same'], ['y'], { to: int(1) }),
    ],
    { names: texts('', 'none', 'naevus', 'mélanome'), wanted: texts('mélanome') },
  );

  it('are written as they were', async () => {
    const found = await run(parseModel(expectLossless(names), 'it'), { x: [1, 4] });
    expect(found).toMatchObject({ y: { dims: [1, 1], data: [1] } });
  });

  it('of Constant nodes become weights', async () => {
    const value = names.graph.initializers.get('names') as Tensor;
    const constant = node('Constant', [], ['names'], { value: { type: 'tensor', value } });
    const { graph } = names;
    const held = {
      ...names,
      graph: {
        ...graph,
        nodes: [constant, ...graph.nodes],
        initializers: new Map([['wanted', texts('mélanome')]]),
      },
    };
    const { model } = optimize(parseModel(encodeModel(held), 'it'));
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['ArgMax', 'Gather', 'Equal', 'Cast']);
    expect(await run(model, { x: [1, 4] })).toMatchObject({ y: { data: [1] } });
  });

  it('that are more or fewer than the sizes say are refused', () => {
    const three = { ...texts('a', 'b', 'c'), dims: [4] };
    const bytes = encodeModel(over([node('Identity', ['w'], ['y'])], { w: three }));
    expect(() => parseModel(bytes, 'it.onnx')).toThrow("it.onnx: tensor 'w' holds 4 strings, found 3");
  });
});

describe('weights that are stored sparsely', () => {
  const places = int64Tensor([2], [1, 6]);
  const values = float32Tensor([2], [3, -2]);
  const message = (tensor: Tensor, name = '') => ({
    ...{ dims: tensor.dims, dataType: DTYPES[tensor.dtype].onnx, rawData: tensor.bytes() },
    ...(name && { name }),
  });
  const stored = (dims: readonly number[], at = places) =>
    SparseTensorProto.encode({ values: message(values, 'w'), indices: message(at), dims }).finish();
  const dense = float32Tensor([4, 2], [0, 3, 0, 0, 0, 0, -2, 0]);
  const products = (w: Initializer) =>
    over([node('Identity', ['w'], ['i']), node('MatMul', ['x', 'i'], ['y'])], { w }, 17);
  const sparse = (dims: readonly number[], at = places) =>
    encodeModel(products({ ...dense, sparse: { name: 'w', bytes: stored(dims, at) } }));

  it('are written as they were, and count as weights with their zeros', async () => {
    const bytes = expectLossless(parseModel(sparse([4, 2]), 'it'));
    expect(Buffer.from(bytes).includes(Buffer.from(stored([4, 2])))).toBe(true);
    const model = parseModel(bytes, 'it');
    expect([...(model.graph.initializers.get('w')?.bytes() ?? [])]).toEqual([...dense.bytes()]);
    const { model: rewritten } = optimize(model);
    expect(rewritten.graph.nodes).toHaveLength(1);
    const plain = await run(products(dense), { x: [1, 4] });
    expect(await run(model, { x: [1, 4] })).toEqual(plain);
    expect(await run(rewritten, { x: [1, 4] })).toEqual(plain);
  });

  it('are no inputs that must be given', () => {
    const model = parseModel(sparse([4, 2]), 'it');
    const inputs = [...model.graph.inputs, { name: 'w' }];
    const old = encodeModel({ ...model, irVersion: 3, graph: { ...model.graph, inputs } });
    expect(readOutline(old, 'it').inputs.map(({ name }) => name)).toEqual(['x']);
  });

  it.each([
    ['outside', [2, 2], places],
    ['that are fewer than the values', [4, 2], int64Tensor([1], [1])],
    ['in more zeros than are held', [2 ** 20, 2 ** 20], places],
  ] as const)('with places %s are refused', (_, dims, at) => {
    expect(() => parseModel(sparse(dims, at), 'it.onnx')).toThrow(
      /^it\.onnx: sparse initializer 'w' has values and places that do not fit \[.*\], or takes more than 64 MB: store it with its zeros$/,
    );
  });
});

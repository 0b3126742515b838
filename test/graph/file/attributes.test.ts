import { describe, expect, it } from '@jest/globals';
import proto from 'onnx-proto';
import { check } from '../../../graph/analysis/check.js';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { DTYPES, type DType } from '../../../graph/ir/dtype.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { minimal } from '../../support/onnx-files.js';

const { ModelProto, AttributeProto } = proto.onnx;
const { AttributeType } = AttributeProto;

const float = (name: string, ...sizes: number[]): proto.onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
});

function fileOf(graph: proto.onnx.IGraphProto): Uint8Array {
  return ModelProto.encode(ModelProto.create({ ...minimal(), graph })).finish();
}

/** A model of one node with these attributes, as it is read. */
function readNode(attribute: readonly proto.onnx.IAttributeProto[], opType = 'Custom') {
  const file = fileOf({
    node: [{ name: 'n', opType, output: ['y'], attribute: [...attribute] }],
    output: [{ name: 'y' }],
  });
  return { file, model: parseModel(file, 'made.onnx') };
}

const named: proto.onnx.ITensorProto = { name: 'w', dims: [2], dataType: 1, floatData: [1, 2] };

describe('an attribute', () => {
  it('that is a tensor with a name of its own is a tensor, and is written back with that name', () => {
    const { file, model } = readNode([{ name: 'value', type: AttributeType.TENSOR, t: named }], 'Constant');
    expect(inferTypes(model).get('y')).toMatchObject({ dtype: 'float32', shape: [2] });
    expect(ModelProto.decode(encodeModel(model)).graph?.node).toEqual(ModelProto.decode(file).graph?.node);
  });

  it.each<[string, proto.onnx.IAttributeProto, string]>([
    ['a graph', { type: AttributeType.GRAPH, g: {} }, 'subgraph'],
    ['several graphs', { type: AttributeType.GRAPHS, graphs: [{}] }, 'subgraph'],
    ['an integer that hides a graph', { type: AttributeType.INT, i: 1, g: {} }, 'subgraph'],
    ['a sparse tensor', { type: AttributeType.SPARSE_TENSOR, sparseTensor: { values: named } }, 'other'],
    ['a type', { type: 13 as proto.onnx.AttributeProto.AttributeType }, 'other'],
    ['strings as a tensor', { type: AttributeType.TENSOR, t: { dims: [0], dataType: 8 } }, 'tensor'],
    ['elements of a type to come', { type: AttributeType.TENSOR, t: { dims: [0], dataType: 27 } }, 'other'],
    ['a tensor that is not there', { type: AttributeType.TENSOR }, 'other'],
    ['a text that is not there', { type: AttributeType.STRING }, 'string'],
  ])('that is %s', (_, value, type) => {
    const { model } = readNode([{ name: 'a', ...value }]);
    expect(model.graph.nodes[0]?.attributes.get('a')?.type).toBe(type);
  });

  describe('that is a sparse tensor', () => {
    const int64s = (dims: number[], ...int64Data: number[]): proto.onnx.ITensorProto => ({
      dims,
      dataType: 7,
      int64Data,
    });
    const read = (indices: proto.onnx.ITensorProto, dims: number[], values = named) => {
      const sparse = {
        name: 'sparse_value',
        type: AttributeType.SPARSE_TENSOR,
        sparseTensor: { values, indices, dims },
      };
      return readNode([sparse], 'Constant');
    };

    it.each([
      ['counted from the first', int64s([2], 1, 5)],
      ['along each axis', int64s([2, 2], 0, 1, 1, 2)],
    ])('with places %s is one with all its zeros, and is written back as it was', (_, indices) => {
      const { file, model } = read(indices, [2, 3]);
      const constant = inferTypes(model).get('y')?.constant;
      expect(constant && [...float32Values(constant)]).toEqual([0, 1, 0, 0, 0, 2]);
      expect(ModelProto.decode(encodeModel(model)).graph?.node).toEqual(ModelProto.decode(file).graph?.node);
    });

    it.each([
      ['of places that are outside', int64s([2], 1, 6), [2, 3]],
      ['of fewer places', int64s([1], 1), [2, 3]],
      ['of places along other axes', int64s([2, 1], 0, 1), [2, 3]],
      ['of more zeros than a constant has', int64s([2], 0, 1), [2 ** 20, 2 ** 20]],
      ['of a negative size', int64s([2], 0, 1), [-1, -6]],
    ])('%s stays closed', (_, indices, dims) => {
      const [node] = read(indices, dims).model.graph.nodes;
      expect(node?.attributes.get('sparse_value')?.type).toBe('other');
    });
  });

  it('that holds no graph does not keep a model from being rewritten', () => {
    const file = fileOf({
      node: [
        {
          opType: 'Constant',
          output: ['w'],
          attribute: [{ name: 'value', type: AttributeType.TENSOR, t: named }],
        },
        {
          opType: 'Custom',
          domain: 'org.example',
          input: ['x'],
          output: ['z'],
          attribute: [{ name: 'type', type: 13 as proto.onnx.AttributeProto.AttributeType }],
        },
        { opType: 'Identity', input: ['z'], output: ['i'] },
        { opType: 'Mul', input: ['i', 'w'], output: ['y'] },
      ],
      input: [float('x', 1, 2)],
      output: [{ name: 'y' }],
    });
    const { model } = optimize(parseModel(file, 'made.onnx'));
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['Custom', 'Identity', 'Mul']);
    expect([...model.graph.initializers.keys()]).toEqual(['w']);
  });

  it('that is given twice is refused by the name of the node', () => {
    const axis = { name: 'axis', type: AttributeType.INT, i: 1 };
    expect(() => readNode([axis, axis])).toThrow(
      "made.onnx: node 'n' (Custom): attribute 'axis' is given twice",
    );
  });

  it.each([
    ['of other sizes than it has elements', { dims: [3] }, "tensor 'w' takes 12 bytes, found 8"],
    ['in another file', { dataLocation: 1 }, "tensor 'w' is stored in another file"],
  ])('that is a tensor %s is refused by the name of the node', (_, change, says) => {
    const value = { name: 'value', type: AttributeType.TENSOR, t: { ...named, ...change } };
    expect(() => readNode([value])).toThrow(`made.onnx: node 'n' (Custom): ${says}`);
  });
});

describe('an empty tensor without raw_data, as simplifiers write the roi of a Resize', () => {
  it.each(Object.keys(DTYPES) as DType[])('of %s holds no bytes, in memory that can be viewed', (dtype) => {
    for (const dims of [[0], [0, 3], [2, 0, 1]]) {
      const tensor = { name: 't', dims, dataType: DTYPES[dtype].onnx };
      const model = parseModel(fileOf({ initializer: [tensor] }), 'made.onnx');
      const bytes = model.graph.initializers.get('t')?.bytes();
      expect(bytes).toBeInstanceOf(Uint8Array);
      expect(bytes).toHaveLength(0);
    }
  });

  it('is read beside the scales, and the graph is rewritten', () => {
    const file = fileOf({
      node: [
        { opType: 'Resize', input: ['x', 'roi', 'scales'], output: ['a'] },
        { opType: 'Mul', input: ['a', 'roi2'], output: ['y'] },
      ],
      input: [float('x', 1, 1, 4, 4)],
      output: [{ name: 'y' }],
      initializer: [
        { name: 'roi', dims: [0], dataType: 1 },
        { name: 'roi2', dims: [1, 1, 0, 8], dataType: 1 },
        { name: 'scales', dims: [4], dataType: 1, floatData: [1, 1, 0.25, 2] },
      ],
    });
    const model = parseModel(file, 'made.onnx');
    check(model);
    expect(inferTypes(model).get('a')?.shape).toEqual([1, 1, 1, 8]);
    expect(() => optimize(model, { level: 'latency' })).not.toThrow();
  });
});

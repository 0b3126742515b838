import proto from 'onnx-proto';

/** Where a later version of ONNX may have put a field. */
export const PLACES = [
  'model',
  'graph',
  'node',
  'attribute',
  'initializer',
  'value info',
  'type',
  'shape',
  'dimension',
  'opset',
  'metadata',
] as const;

/** The least that is a model. */
export function minimal(): proto.onnx.IModelProto {
  return {
    irVersion: 8,
    producerName: 'p',
    producerVersion: 'v',
    opsetImport: [{ domain: '', version: 17 }],
    graph: {},
  };
}

/** A model with all that ONNX 1.10 has and this package does not interpret. */
export function foreign(): proto.onnx.IModelProto {
  const { AttributeType } = proto.onnx.AttributeProto;
  const branch = (name: string): proto.onnx.IGraphProto => ({
    name,
    node: [{ opType: 'Identity', input: ['x'], output: [name] }],
    output: [{ name }],
  });
  const named: proto.onnx.ITensorProto = {
    name: 'inner',
    dims: [1],
    dataType: 1,
    floatData: [3],
    docString: 'why',
  };
  const sparse: proto.onnx.ISparseTensorProto = {
    values: { name: 'sparse', dims: [1], dataType: 1, floatData: [2] },
    indices: { dims: [1], dataType: 7, int64Data: [4] },
    dims: [8],
  };
  return {
    ...minimal(),
    domain: 'org.example',
    modelVersion: 3,
    docString: 'a model',
    opsetImport: [
      { domain: '', version: 15 },
      { domain: 'org.example', version: 1 },
    ],
    metadataProps: [{ key: 'k', value: 'v' }],
    trainingInfo: [{ initialization: branch('init') }],
    functions: [{ name: 'f', input: ['a'], output: ['b'], docString: 'function', node: [] }],
    graph: {
      name: 'main',
      docString: 'a graph',
      node: [
        {
          name: 'choose',
          opType: 'If',
          domain: 'org.example',
          input: ['condition'],
          output: ['y'],
          docString: 'a node',
          attribute: [
            { name: 'then_branch', type: AttributeType.GRAPH, g: branch('then') },
            { name: 'else_branch', type: AttributeType.GRAPH, g: branch('else') },
            { name: 'value', type: AttributeType.TENSOR, t: named },
            { name: 'sparse', type: AttributeType.SPARSE_TENSOR, sparseTensor: sparse },
            { name: 'axis', type: AttributeType.INT, i: -1, docString: 'an attribute', refAttrName: 'a' },
          ],
        },
      ],
      initializer: [
        {
          name: 'w',
          dims: [2],
          dataType: 1,
          rawData: Buffer.alloc(8, 7),
          docString: 'a weight',
          segment: { begin: 0, end: 2 },
        },
      ],
      sparseInitializer: [sparse],
      quantizationAnnotation: [
        { tensorName: 'w', quantParameterTensorNames: [{ key: 'SCALE_TENSOR', value: 's' }] },
      ],
      input: [
        {
          name: 'condition',
          docString: 'an input',
          type: {
            denotation: 'IMAGE',
            tensorType: { elemType: 9, shape: { dim: [{ dimParam: 'N', denotation: 'BATCH' }, {}] } },
          },
        },
        { name: 'list', type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } } },
        { name: 'text', type: { tensorType: { elemType: 8, shape: {} } } },
        { name: 'untyped' },
      ],
      output: [{ name: 'y', type: { optionalType: { elemType: { tensorType: { elemType: 1 } } } } }],
      valueInfo: [{ name: 'between', type: { tensorType: { elemType: 1 } } }],
    },
  };
}

/** A model in bytes, written field by field, with a field 1000 at the end of one of its messages. */
export function marked(place: (typeof PLACES)[number], mark: Uint8Array): Uint8Array {
  const message = (name: string, ...parts: Uint8Array[]) =>
    Buffer.concat([...parts, ...(name === place ? [field(1000, mark)] : [])]);
  const text = (id: number, value: string) => field(id, Buffer.from(value));
  const number = (id: number, value: number) => Buffer.from([...varint(id << 3), value]);
  const shape = message('shape', field(1, message('dimension', text(2, 'N'))));
  const type = message('type', field(1, Buffer.concat([number(1, 1), field(2, shape)])));
  const attribute = message('attribute', text(1, 'axis'), number(3, 1), number(20, 2));
  const node = message(
    'node',
    text(1, 'x'),
    text(2, 'y'),
    text(3, 'n'),
    text(4, 'Softmax'),
    field(5, attribute),
  );
  const tensor = message('initializer', number(1, 1), number(2, 2), text(8, 't'), field(9, Buffer.of(1)));
  const info = message('value info', text(1, 'x'), field(2, type));
  const graph = message('graph', field(1, node), text(2, 'g'), field(5, tensor), field(11, info));
  const opset = message('opset', text(1, ''), number(2, 17));
  const metadata = message('metadata', text(1, 'k'), text(2, 'v'));
  const head = [number(1, 8), text(2, 'p'), text(3, 'v')];
  return message('model', ...head, field(7, graph), field(8, opset), field(14, metadata));
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

function field(id: number, bytes: Uint8Array): Buffer {
  return Buffer.from([...varint((id << 3) | 2), ...varint(bytes.length), ...bytes]);
}

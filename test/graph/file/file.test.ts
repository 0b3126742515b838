import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import proto from 'onnx-proto';
import { MAX_MODEL_BYTES } from '../../../graph/analysis/check.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { parseModel, readModelBytes } from '../../../graph/file/read.js';
import { stringTensor } from '../../../graph/file/tensor.js';
import { encodeModel } from '../../../graph/file/write.js';
import { symbol } from '../../../graph/ir/dim.js';
import { DTYPES, type DType } from '../../../graph/ir/dtype.js';
import type { Model } from '../../../graph/ir/model.js';
import {
  byteLength,
  float32Tensor,
  float32Values,
  int64Tensor,
  type Tensor,
} from '../../../graph/ir/tensor.js';
import { constant, initializer, input, scope } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { conv } from '../../../graph/ops/conv.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { handmade, modelOf, node, zeros } from '../../support/graph.js';
import { foreign, marked, minimal, PLACES } from '../../support/onnx-files.js';

const { ModelProto, TensorProto } = proto.onnx;

function own(): Model {
  const x = input('x', 'float32', [symbol('N'), 2, symbol('H', 16), 8]);
  const weight = initializer('c.weight', float32Tensor([3, 2, 1, 1], [1, -2, 0.5, Number.NaN, 1e-40, -0]));
  const y = scope('c', () => conv(x, weight, initializer('c.bias', zeros([3]))));
  const sizes = concat([shapeOf(x), constant(int64Tensor([1], [-1]))], 0);
  const model = modelOf([x], { mask: resizeLinear(y, [2, 2], 'half_pixel'), sizes });
  return {
    ...model,
    metadata: new Map([
      ['nmode.decoder', 'eed'],
      ['grüße', ''],
    ]),
  };
}

describe('our own models', () => {
  it('are read and written again byte for byte', () => {
    const bytes = encodeModel(own());
    expect(Buffer.compare(encodeModel(parseModel(bytes, 'own.onnx')), bytes)).toBe(0);
  });

  it('keep every kind of attribute and element type', () => {
    const initializers = new Map<string, Tensor>(
      (Object.keys(DTYPES) as DType[]).map((dtype) => {
        if (dtype === 'string') return [dtype, stringTensor([2, 1], [Buffer.from('größe'), Buffer.of(255)])];
        const bytes = Uint8Array.from({ length: byteLength(dtype, [2, 1]) }, (_, at) => 255 - at);
        return [dtype, { dtype, dims: [2, 1], bytes: () => bytes }];
      }),
    );
    const attributes = {
      float: { type: 'float', value: Math.fround(0.1) },
      int: { type: 'int', value: -(2 ** 40) },
      string: { type: 'string', value: 'größe' },
      tensor: { type: 'tensor', value: int64Tensor([], [7]) },
      floats: { type: 'floats', value: [0, -1.5] },
      ints: { type: 'ints', value: [0, -1, Number.MAX_SAFE_INTEGER] },
      strings: { type: 'strings', value: ['', 'a'] },
      none: { type: 'ints', value: [] },
    } as const;
    const nodes = [{ ...node('Custom', ['', 'a', ''], ['b', ''], attributes), domain: 'com.example' }];
    const written = encodeModel(handmade({ nodes, initializers }));
    const { graph } = parseModel(written, 'all.onnx');
    for (const [name, tensor] of initializers) {
      const read = graph.initializers.get(name);
      expect(read).toMatchObject({ dtype: tensor.dtype, dims: tensor.dims });
      expect(Buffer.compare(read?.bytes() ?? Buffer.of(), tensor.bytes())).toBe(0);
    }
    const [{ attributes: read, ...rest } = { attributes: new Map() }] = graph.nodes;
    expect(rest).toEqual({
      name: 'b,',
      opType: 'Custom',
      domain: 'com.example',
      inputs: ['', 'a', ''],
      outputs: ['b', ''],
    });
    for (const [name, { value, type }] of Object.entries(attributes)) {
      const found = read.get(name);
      expect(found?.type).toBe(type);
      if (type !== 'tensor') expect(found).toEqual({ type, value });
    }
    expect(Buffer.compare(encodeModel(parseModel(written, 'all.onnx')), written)).toBe(0);
  });

  it('say to another reader of ONNX what they say here', () => {
    const message = ModelProto.toObject(ModelProto.decode(encodeModel(own())), {
      longs: Number,
      enums: String,
    });
    expect(message).toMatchObject({
      irVersion: 8,
      producerName: 'nmode-onnx',
      producerVersion: '0',
      opsetImport: [{ domain: '', version: 17 }],
      metadataProps: [
        { key: 'nmode.decoder', value: 'eed' },
        { key: 'grüße', value: '' },
      ],
      graph: {
        name: 'test',
        input: [
          {
            name: 'x',
            type: {
              tensorType: {
                elemType: 1,
                shape: { dim: [{ dimParam: 'N' }, { dimValue: 2 }, { dimParam: 'H' }, { dimValue: 8 }] },
              },
            },
          },
        ],
        output: [{ name: 'mask' }, { name: 'sizes' }],
        initializer: [
          { name: 'c.weight', dims: [3, 2, 1, 1], dataType: 1 },
          { name: 'c.bias', dims: [3], dataType: 1 },
          { name: 'constant', dims: [4], dataType: 1 },
          { name: 'constant_2', dims: [1], dataType: 7 },
        ],
        node: [
          {
            name: 'c/Conv',
            opType: 'Conv',
            input: ['x', 'c.weight', 'c.bias'],
            output: ['c/Conv'],
            attribute: [
              { name: 'kernel_shape', type: 'INTS', ints: [1, 1] },
              { name: 'pads', type: 'INTS', ints: [0, 0, 0, 0] },
              { name: 'strides', type: 'INTS', ints: [1, 1] },
            ],
          },
          {
            opType: 'Resize',
            attribute: [
              { name: 'coordinate_transformation_mode', type: 'STRING' },
              { name: 'mode', type: 'STRING' },
            ],
          },
          { opType: 'Shape' },
          { opType: 'Concat', attribute: [{ name: 'axis', type: 'INT', i: 0 }] },
        ],
      },
    });
  });
});

describe('models of other exporters', () => {
  it('lose nothing that is not interpreted here', () => {
    const bytes = ModelProto.encode(foreign()).finish();
    const read = parseModel(bytes, 'foreign.onnx');
    expect(
      read.graph.nodes.map(({ attributes }) => [...attributes.values()].map(({ type }) => type)),
    ).toEqual([['subgraph', 'subgraph', 'tensor', 'tensor', 'other']]);
    const written = encodeModel(read);
    expect(plain(written)).toEqual(plain(bytes));
    expect(Buffer.compare(encodeModel(parseModel(written, 'again.onnx')), written)).toBe(0);
  });

  it.each(PLACES.filter((place) => place !== 'opset' && place !== 'metadata'))(
    'keep fields of later versions of ONNX: in a %s',
    (place) => {
      const mark = Buffer.from('of a later version');
      const bytes = marked(place, mark);
      const written = encodeModel(parseModel(bytes, 'later.onnx'));
      expect(Buffer.from(written).includes(mark)).toBe(true);
      expect(written).toHaveLength(bytes.length);
      expect(comparable(parseModel(written, 'later.onnx'))).toEqual(
        comparable(parseModel(bytes, 'later.onnx')),
      );
    },
  );

  it.each([
    ['two metadata entries of one key', { metadataProps: ['1', '2'].map((value) => ({ key: 'a', value })) }],
    ['a later field of an opset import', marked('opset', Buffer.from('later'))],
    ['a later field of a metadata entry', marked('metadata', Buffer.from('later'))],
  ])('are refused for what cannot be held: %s', (_, contents) => {
    const bytes =
      contents instanceof Uint8Array
        ? contents
        : ModelProto.encode(ModelProto.create({ ...minimal(), ...contents })).finish();
    expect(() => parseModel(bytes, 'foreign.onnx')).toThrow(
      /^foreign\.onnx: .* more than this version can keep/,
    );
  });

  it("have ai.onnx, another name of the default domain, read as ''", () => {
    const message = {
      ...minimal(),
      graph: { ...minimal().graph, node: [{ opType: 'Relu', domain: 'ai.onnx' }] },
    };
    const bytes = ModelProto.encode(ModelProto.create(message)).finish();
    expect(parseModel(bytes, 'foreign.onnx').graph.nodes[0]?.domain).toBe('');
  });

  const { AttributeType } = proto.onnx.AttributeProto;
  const longest = TensorProto.decode(Uint8Array.of(8, ...Array(8).fill(255), 127)).dims?.[0] ?? 0;

  it.each<[string, proto.onnx.IAttributeProto]>([
    ['the largest integer', { type: AttributeType.INT, i: longest }],
    ['a list with the largest integer', { type: AttributeType.INTS, ints: [1, longest] }],
    ['a string that is not UTF-8', { type: AttributeType.STRING, s: Buffer.of(0xff, 0xfe) }],
    ['a list of such strings', { type: AttributeType.STRINGS, strings: [Buffer.of(0xff)] }],
    ['a string with a byte order mark', { type: AttributeType.STRING, s: Buffer.from('\ufefftext') }],
  ])('keep an attribute that JavaScript numbers and strings cannot hold: %s', (_, value) => {
    const attribute = [{ name: 'a', ...value }];
    const graph = { node: [{ opType: 'Custom', attribute }] };
    const bytes = ModelProto.encode({ ...minimal(), graph }).finish();
    const written = encodeModel(parseModel(bytes, 'wide.onnx'));
    const [before, after] = [bytes, written].map(
      (file) => ModelProto.decode(file).graph?.node?.[0]?.attribute,
    );
    expect(after).toEqual(before);
  });
});

describe('tensors', () => {
  const cases: [DType, object, Tensor['bytes'], number][] = [
    ['float32', { floatData: [1.5, -0, 3e38] }, () => raw(Float32Array.of(1.5, -0, 3e38)), 3],
    ['float64', { doubleData: [0.1, -1e300] }, () => raw(Float64Array.of(0.1, -1e300)), 2],
    ['complex64', { floatData: [1, 2, 3, 4] }, () => raw(Float32Array.of(1, 2, 3, 4)), 2],
    ['complex128', { doubleData: [1, 2] }, () => raw(Float64Array.of(1, 2)), 1],
    ['int64', { int64Data: [5, -7] }, () => raw(BigInt64Array.of(5n, -7n)), 2],
    ['uint64', { uint64Data: [5, 2 ** 52] }, () => raw(BigUint64Array.of(5n, 2n ** 52n)), 2],
    ['uint32', { uint64Data: [2 ** 32 - 1, 1] }, () => raw(Uint32Array.of(2 ** 32 - 1, 1)), 2],
    ['int32', { int32Data: [-1, 2 ** 31 - 1] }, () => raw(Int32Array.of(-1, 2 ** 31 - 1)), 2],
    ['int16', { int32Data: [-1, 300] }, () => raw(Int16Array.of(-1, 300)), 2],
    ['uint16', { int32Data: [65535, 300] }, () => raw(Uint16Array.of(65535, 300)), 2],
    ['int8', { int32Data: [-1, -128, 127] }, () => raw(Int8Array.of(-1, -128, 127)), 3],
    ['uint8', { int32Data: [0, 128, 255] }, () => raw(Uint8Array.of(0, 128, 255)), 3],
    ['bool', { int32Data: [0, 1] }, () => raw(Uint8Array.of(0, 1)), 2],
    ['float16', { int32Data: [0x3c00, 0xbc00] }, () => raw(Uint16Array.of(0x3c00, 0xbc00)), 2],
    ['bfloat16', { int32Data: [0x3f80] }, () => raw(Uint16Array.of(0x3f80)), 1],
  ];

  it.each(cases)('%s in its typed field is the same as raw_data', (dtype, data, bytes, length) => {
    const tensor = { name: 't', dataType: DTYPES[dtype].onnx, dims: [length] };
    for (const stored of [data, { rawData: bytes() }]) {
      const read = initializerOf({ ...tensor, ...stored });
      expect(read).toMatchObject({ dtype, dims: [length] });
      expect(Buffer.from(read?.bytes() ?? [])).toEqual(Buffer.from(bytes()));
    }
  });

  it('an empty tensor and a scalar are tensors', () => {
    expect(initializerOf({ dataType: 1, dims: [0, 3] })?.bytes()).toHaveLength(0);
    expect(initializerOf({ dataType: 1, dims: [], floatData: [2] })).toMatchObject({ dims: [] });
  });

  it('raw_data at an odd place of the file reads as floats', () => {
    for (const name of ['t', 'te', 'ten', 'tens']) {
      const read = initializerOf({ name, dataType: 1, dims: [2], rawData: raw(Float32Array.of(1.5, -2)) });
      expect(read && [...float32Values(read)]).toEqual([1.5, -2]);
    }
  });

  it.each<[string, proto.onnx.ITensorProto, string]>([
    [
      'in another file',
      { dims: [1], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'w' }] },
      "tensor 't' is stored in another file, 'w': give the path of the model, or save it as one file",
    ],
    [
      'of more strings than it holds',
      { dims: [2], dataType: 8, stringData: [Buffer.from('a')] },
      "tensor 't' holds 2 strings, found 1",
    ],
    [
      'of 4 bits that are missing',
      { dims: [3], dataType: 22, rawData: Buffer.of(1) },
      "tensor 't' takes 2 bytes, found 1",
    ],
    ['of a type to come', { dims: [1], dataType: 27 }, "tensor 't' has element type 27"],
    ['of no type', { dims: [1], floatData: [1] }, "tensor 't' has element type"],
    ['of a negative size', { dims: [-1], dataType: 1 }, "tensor 't' has impossible sizes [-1]"],
    [
      'of two negative sizes',
      { dims: [-2, -2], dataType: 1, floatData: [1, 1, 1, 1] },
      "tensor 't' has impossible",
    ],
    ['of absurd sizes', { dims: [2 ** 40, 2 ** 40], dataType: 1 }, "tensor 't' has impossible sizes"],
    ['of sizes without data', { dims: [2 ** 30], dataType: 1 }, "tensor 't' takes 4294967296 bytes, found 0"],
    [
      'of too much data',
      { dims: [1], dataType: 1, rawData: Buffer.alloc(5) },
      "tensor 't' takes 4 bytes, found 5",
    ],
  ])('a tensor %s is refused with its name and the reason', (_, tensor, problem) => {
    expectRefusal(fileWith({ name: 't', ...tensor }), `broken.onnx: ${problem}`);
  });

  it('two initializers of one name are refused', () => {
    const tensor = { name: 't', dims: [0], dataType: 1 };
    const bytes = ModelProto.encode({ ...minimal(), graph: { initializer: [tensor, tensor] } }).finish();
    expectRefusal(bytes, "broken.onnx: initializer 't' is stored twice");
  });

  it('a refusal is one line, also where a name in the file holds several', () => {
    expectRefusal(fileWith({ name: 'a\nb\rc', dims: [-1], dataType: 1 }), 'broken.onnx: tensor');
  });
});

describe('files that are no model', () => {
  it('a file cut off anywhere is a shorter model or refused, in one line', () => {
    const bytes = encodeModel(own());
    for (let length = 0; length < bytes.length; length++) {
      try {
        parseModel(bytes.subarray(0, length), 'cut.onnx');
      } catch (error) {
        expect(error).toBeInstanceOf(NmodeError);
        expect(error).toMatchObject({
          code: 'BAD_MODEL',
          message: expect.stringMatching(/^cut\.onnx: (not an ONNX|truncated: at least \d+ bytes) .*$/),
        });
      }
    }
    expectRefusal(bytes.subarray(0, bytes.length / 2), 'broken.onnx: truncated: at least');
  });

  it.each([
    ['empty', ''],
    ['text', 'import torch\nprint("hello")\n'],
    ['an HTML page', '<!DOCTYPE html>\n<html></html>\n'],
    ['a zip archive', 'PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00'],
  ])('%s', (_, text) => {
    expectRefusal(Buffer.from(text), 'broken.onnx: not an ONNX');
  });

  it('bytes changed at random are a model or refused as such', () => {
    const bytes = encodeModel(own());
    for (let round = 0; round < 2000; round++) {
      const changed = Uint8Array.from(bytes);
      changed[(round * 7919) % bytes.length] = (round * 31 + (round >> 8)) & 255;
      try {
        parseModel(changed, 'changed.onnx');
      } catch (error) {
        expect(error).toMatchObject({
          code: 'BAD_MODEL',
          message: expect.stringMatching(/^changed\.onnx: .*$/),
        });
      }
    }
  });

  it('groups nested without end are refused, not followed until the stack is full', () => {
    expectRefusal(Buffer.alloc(100_000, 0x9b), 'broken.onnx: not an ONNX');
  });
});

/** A model by its path, as the commands read it. */
async function readModel(path: string): Promise<Model> {
  return parseModel(await readModelBytes(path), basename(path));
}

describe('reading by path', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nmode-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads a file; a refusal names it', async () => {
    await writeFile(join(folder, 'own.onnx'), encodeModel(own()));
    expect((await readModel(join(folder, 'own.onnx'))).graph.name).toBe('test');
    await writeFile(join(folder, 'text.onnx'), 'text');
    await expect(readModel(join(folder, 'text.onnx'))).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: expect.stringMatching(/^text\.onnx: not an ONNX/),
    });
  });

  it('a file that is missing and a folder are refused with the path', async () => {
    for (const path of [join(folder, 'missing.onnx'), folder]) {
      await expect(readModel(path)).rejects.toMatchObject({
        code: 'BAD_MODEL',
        message: expect.stringContaining(`${path}: cannot be read: `),
      });
    }
  });

  it('a file of more than 2 GiB is refused before it is read', async () => {
    const path = join(folder, 'huge.onnx');
    const file = await open(path, 'w');
    await file.truncate(MAX_MODEL_BYTES + 1);
    await file.close();
    await expect(readModel(path)).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: expect.stringContaining('2147483648 bytes are more than the 2 GiB of one ONNX file'),
    });
  });
});

function raw(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function fileWith(tensor: proto.onnx.ITensorProto): Uint8Array {
  return ModelProto.encode({ ...minimal(), graph: { initializer: [tensor] } }).finish();
}

function initializerOf(tensor: proto.onnx.ITensorProto): Tensor | undefined {
  return parseModel(fileWith(tensor), 'tensor.onnx').graph.initializers.get(tensor.name ?? '');
}

function expectRefusal(bytes: Uint8Array, problem: string): void {
  let refusal: unknown;
  try {
    parseModel(bytes, 'broken.onnx');
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(NmodeError);
  expect(refusal).toMatchObject({ code: 'BAD_MODEL', message: expect.stringContaining(problem) });
  expect(refusal).toMatchObject({ message: expect.not.stringMatching(/[\r\n]/) });
}

/** All fields that the reader of ONNX 1.10 knows, comparable. */
function plain(bytes: Uint8Array): ReturnType<typeof ModelProto.toObject> {
  return ModelProto.toObject(ModelProto.decode(bytes), {
    longs: String,
    enums: String,
    bytes: String,
    defaults: true,
  });
}

/** A model with its maps as lists, without the functions that give bytes. */
function comparable(model: Model): unknown {
  return JSON.parse(JSON.stringify(model, (_, value) => (value instanceof Map ? [...value] : value)));
}

import { expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { InferMessage, modelNamedIn } from '../../../../runtime/server/grpc/infer-request.js';

const memoryOf = (length: number) => new ArrayBuffer(length);
const half = [{ name: 'x', dtype: 'float16', shape: [1, 3] }];

/** A request of one input, in the fields of the interface. */
function message(
  datatype: string,
  dims: readonly number[],
  raw?: Uint8Array,
  contents?: Uint8Array,
): Uint8Array {
  const writer = protobuf.Writer.create().uint32(10).string('m').uint32(42).fork();
  writer.uint32(10).string('x').uint32(18).string(datatype).uint32(26).fork();
  for (const size of dims) writer.int64(size);
  writer.ldelim();
  if (contents !== undefined) writer.uint32(42).bytes(contents);
  writer.ldelim();
  if (raw !== undefined) writer.uint32(58).bytes(raw);
  return writer.finish();
}

it('takes halves as bytes, bit for bit, and not one by one', () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x0001);
  const { inputs } = new InferMessage(message('FP16', [1, 3], new Uint8Array(bits.buffer))).read(
    half,
    9,
    memoryOf,
  );
  expect(inputs).toEqual({ x: { dims: [1, 3], data: bits } });
  const typed = new InferMessage(message('FP16', [1, 3], undefined, Uint8Array.of(0x32, 0)));
  expect(() => typed.read(half, 9, memoryOf)).toThrow(
    "input 'x' is FP16, which goes as bytes only: use raw_input_contents",
  );
});

it.each([
  ['tensors', [58, 0]],
  ['outputs', [50, 0]],
  ['inputs', [42, 0]],
])('takes no millions of empty %s', (_, entry) => {
  const bytes = Buffer.alloc(2e6, Buffer.from(entry));
  expect(() => new InferMessage(bytes)).toThrow(/more than 256/);
});

it('takes no memory for what a shape tells and nobody sends', () => {
  const port = [{ name: 'x', dtype: 'float32', shape: ['N'] }];
  const given = new InferMessage(message('FP32', [2 ** 40], undefined, Buffer.alloc(0)));
  expect(() => given.read(port, 2 ** 41, memoryOf)).toThrow(
    'its contents have 0 values, expected 1099511627776',
  );
});

it('tells the model of the first bytes once no version can follow', () => {
  const named = Buffer.from([10, 1, 109, 18, 1, 49, 42]);
  expect(modelNamedIn(named)).toEqual({ model: 'm', version: '1' });
  expect(modelNamedIn(Buffer.from([10, 1, 109, 42]))).toEqual({ model: 'm', version: '' });
  for (let length = 0; length < 7; length++) expect(modelNamedIn(named.subarray(0, length))).toBeUndefined();
});

import { describe, expect, it } from '@jest/globals';
import { Tensor } from 'onnxruntime-common';
import { encodeModel } from '../../../graph/file/write.js';
import { input } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import { identity } from '../../../graph/ops/unary.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { ownInputs } from '../../../runtime/sessions/own-inputs.js';
import { probeInput } from '../../../runtime/sessions/probe.js';
import type { Inputs, Port, TypedTensor } from '../../../runtime/sessions/tensors.js';
import { modelOf } from '../../support/graph.js';

const PORTS: readonly Port[] = [
  { name: 'x', dtype: 'float32', shape: ['N'] },
  { name: 'image', dtype: 'uint8', shape: ['N'] },
  { name: 'half', dtype: 'float16', shape: ['N'] },
];
const x = (data: unknown, dims: unknown = [2]) => ({ x: { dims, data } }) as Inputs;
/** Newer than the types that the package is compiled with. */
interface Resizable extends ArrayBuffer {
  resize(bytes: number): void;
}
const resizable = (bytes: number, most: number): Resizable =>
  Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: most }]);

const numbers = () => Float32Array.of(1, 2);

function transferred() {
  const data = numbers();
  structuredClone(data, { transfer: [data.buffer] });
  return data;
}

function shrunk() {
  const buffer = resizable(8, 8);
  const data = new Float32Array(buffer, 0, 2);
  buffer.resize(4);
  return data;
}

function disposed() {
  const tensor = new Tensor('float32', numbers(), [2]);
  tensor.dispose();
  return tensor;
}

describe('inputs of a run', () => {
  it.each([
    ['no inputs', undefined, /^expected inputs by their names/],
    ['no tensor', { x: undefined }, /^input 'x': expected \{ dims, data \}/],
    ['an array of numbers', x([1, 2]), /^input 'x': expected/],
    ['64-bit numbers', x(Float64Array.of(1, 2)), "input 'x' is given as float64, the model takes float32"],
    [
      'another type than its array has',
      { x: { type: 'int8', dims: [2], data: numbers() } },
      "input 'x' is said to be int8, and its data are float32",
    ],
    [
      'bytes for a model of numbers',
      x(Uint8Array.of(1, 2)),
      "input 'x' is given as uint8 or bool, the model takes float32",
    ],
    [
      'numbers for a model of bytes',
      { image: { dims: [2], data: numbers() } },
      "input 'image' is given as float32, the model takes uint8",
    ],
    [
      'numbers for a model of half precision',
      { half: { dims: [2], data: numbers() } },
      "input 'half' is given as float32, the model takes float16",
    ],
    ['sizes that are no numbers', x(numbers(), [2n]), /^input 'x': expected/],
    ['half a size', x(numbers(), [0.5, 4]), /^input 'x': expected/],
    ['negative sizes', x(numbers(), [-1, -2]), /^input 'x': expected/],
    ['too few', x(numbers(), [3]), "input 'x' has 2 elements, expected 3 for [3]"],
    [
      'a buffer that was transferred',
      x(transferred()),
      /^input 'x': its buffer was transferred or has shrunk/,
    ],
    [
      'a tensor that was disposed of',
      { x: disposed() },
      /^input 'x': its data cannot be read: The tensor is disposed/,
    ],
    ['nothing of one', x(transferred(), [0]), /^input 'x': its buffer was transferred or has shrunk/],
    ['a buffer that has shrunk', x(shrunk()), /^input 'x': its buffer was transferred or has shrunk/],
  ])('%s is refused', (_, inputs, message) => {
    for (const transfer of [false, true]) {
      expect(() => ownInputs(inputs as Inputs, PORTS, transfer)).toThrow(message);
      expect(() => ownInputs(inputs as Inputs, PORTS, transfer)).toThrow(
        expect.objectContaining({ code: 'BAD_USAGE' }),
      );
    }
  });

  it.each([
    ['a part of a buffer', new Float32Array(Float32Array.of(0, 1, 2, 3).buffer, 4, 2)],
    ['shared memory', new Float32Array(new SharedArrayBuffer(8))],
    ['a buffer that may grow', new Float32Array(resizable(8, 16))],
    ['bytes of the pool', Buffer.from([1, 2])],
  ])('%s is copied, and nothing around it', (_, data) => {
    const [name] = data instanceof Float32Array ? ['x'] : ['image'];
    const dims = [2];
    const { [name]: own } = ownInputs({ [name]: { dims, data } } as Inputs, PORTS, false);
    const expected = [...data];
    data.fill(9);
    dims[0] = 7;
    expect([...(own?.data ?? [])]).toEqual(expected);
    expect(own?.dims).toEqual([2]);
    const { buffer } = (own as TypedTensor<'float32'>).data;
    expect(buffer).toBeInstanceOf(ArrayBuffer);
    expect(buffer.byteLength).toBe(data.byteLength);
  });

  it('two in one buffer are taken together', () => {
    const { buffer } = Float32Array.of(1, 2, 3);
    const inputs = {
      x: { dims: [2], data: new Float32Array(buffer, 0, 2) },
      z: { dims: [1], data: new Float32Array(buffer, 8, 1) },
    };
    const own = ownInputs(inputs, PORTS, true);
    expect(own).toEqual({
      x: { type: 'float32', dims: [2], data: Float32Array.of(1, 2) },
      z: { type: 'float32', dims: [1], data: Float32Array.of(3) },
    });
    expect(buffer.byteLength).toBe(0);
    expect(() => ownInputs(inputs, PORTS, true)).toThrow(/was transferred/);
  });

  it('shared memory cannot be given away', () => {
    const data = new Float32Array(new SharedArrayBuffer(8));
    expect(() => ownInputs(x(data), PORTS, true)).toThrow(
      /^the buffers of the inputs cannot be transferred \(.*\): run without 'transfer'$/,
    );
  });
});

it('half precision is given as its bits', async () => {
  const half = input('half', 'float16', [3]);
  const model = encodeModel(modelOf([half], { y: cast(half, 'float32') }));
  await using session = await createSession(model);
  // 1, -2 and the smallest number there is.
  const { y } = await session.run({ half: { dims: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x0001) } });
  expect([...(y?.data ?? [])]).toEqual([1, -2, 2 ** -24]);
});

/** One tensor of each element type that onnxruntime's CPU takes and gives, as a program holds it. */
const EACH: readonly TypedTensor[] = [
  { type: 'float32', dims: [2], data: Float32Array.of(1.5, -2) },
  { type: 'float64', dims: [2], data: Float64Array.of(1e-300, -2) },
  { type: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  { type: 'uint8', dims: [2], data: Uint8Array.of(0, 255) },
  { type: 'int8', dims: [2], data: Int8Array.of(-128, 127) },
  { type: 'uint16', dims: [2], data: Uint16Array.of(0, 65535) },
  { type: 'int16', dims: [2], data: Int16Array.of(-32768, 32767) },
  { type: 'uint32', dims: [2], data: Uint32Array.of(0, 2 ** 32 - 1) },
  { type: 'int32', dims: [2], data: Int32Array.of(-(2 ** 31), 7) },
  { type: 'uint64', dims: [2], data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
  { type: 'int64', dims: [2], data: BigInt64Array.of(-(2n ** 63n), 7n) },
  { type: 'bool', dims: [2], data: Uint8Array.of(0, 1) },
  { type: 'string', dims: [2], data: ['leaf', 'Blatt'] },
];

it.each(EACH)(
  "a model of $type takes { dims, data } and onnxruntime's own Tensor, and gives what it was given",
  async (tensor) => {
    const { type, dims, data } = tensor;
    const port = input('x', type, [2]);
    const model = encodeModel(modelOf([port], { y: identity(port) }));
    // Text alone is nothing that a model can be tried with.
    await using session = await createSession(model, { warmUp: type !== 'string' });
    expect(session.inputs).toEqual([{ name: 'x', dtype: type, shape: [2] }]);
    const own = new Tensor(type as 'float32', data as Float32Array, dims);
    for (const [given, transfer] of [
      [{ dims, data }, false],
      [own, false],
      [structuredClone({ dims, data }), true],
    ] as const)
      expect((await session.run({ x: given }, { transfer, type })).y).toEqual(tensor);
    const other = type === 'int32' ? 'float32' : 'int32';
    await expect(session.run({ x: { dims, data } }, { type: other })).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: `output 'y' is ${type}, expected ${other}`,
    });
  },
);

it('half precision is tried before the first run as well', async () => {
  const half = input('half', 'float16', [2, 3]);
  const model = encodeModel(modelOf([half], { y: cast(half, 'float32') }));
  await using session = await createSession(model, { warmUp: true });
  expect(session.inputs).toEqual([{ name: 'half', dtype: 'float16', shape: [2, 3] }]);
  const { data } = probeInput({ name: 'half', dtype: 'float16', shape: [2, 3] });
  const { y } = await session.run({ half: { dims: [2, 3], data } }, { type: 'float32' });
  expect(Math.min(...(y?.data ?? []))).toBeGreaterThanOrEqual(1);
  expect(Math.max(...(y?.data ?? []))).toBeLessThan(128);
});

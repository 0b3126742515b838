import { describe, expect, it } from '@jest/globals';
import { Tensor } from 'onnxruntime-common';
import { encodeModel } from '../../../graph/file/write.js';
import { symbol } from '../../../graph/ir/dim.js';
import { input } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import { identity } from '../../../graph/ops/unary.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { ownInputs } from '../../../runtime/sessions/own-inputs.js';
import { probeInput } from '../../../runtime/sessions/probe.js';
import type { RunOptions } from '../../../runtime/sessions/session.js';
import type { Inputs, Port, TypedTensor } from '../../../runtime/sessions/tensors.js';
import { modelOf } from '../../support/graph.js';

const PORTS: readonly Port[] = [
  { name: 'x', dtype: 'float32', shape: ['N'] },
  { name: 'image', dtype: 'uint8', shape: ['N'] },
  { name: 'half', dtype: 'float16', shape: ['N'] },
];
/** A model's that takes just what it is given. */
const portsOf = (inputs: unknown) => PORTS.filter(({ name }) => name in Object(inputs));
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
    ['a missing one', { x: undefined }, "input 'x' is missing: expected float32 [N]"],
    ['no tensor', { x: null }, "input 'x': expected { dims, data }, found null"],
    ['an array alone', { x: numbers() }, "input 'x': expected { dims, data }, found Float32Array"],
    [
      'a shape',
      { x: { shape: [2], data: numbers() } },
      "input 'x': expected { dims, data }, found { shape, data }",
    ],
    [
      'an array of numbers',
      x([1, 2]),
      "input 'x': its data are [1, 2], expected a typed array, or an array of strings",
    ],
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
    [
      'sizes that are no numbers',
      x(numbers(), [2n]),
      "input 'x': its dims are [2n], expected whole numbers from 0 on",
    ],
    ['half a size', x(numbers(), [0.5, 4]), /^input 'x': its dims are \[0\.5, 4\], expected/],
    ['negative sizes', x(numbers(), [-1, -2]), /^input 'x': its dims are \[-1, -2\], expected/],
    ['another rank', x(numbers(), [1, 2]), "input 'x' is [1, 2], the model takes [N]"],
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
      expect(() => ownInputs(inputs as Inputs, portsOf(inputs), transfer)).toThrow(message);
      expect(() => ownInputs(inputs as Inputs, portsOf(inputs), transfer)).toThrow(
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
    const { [name]: own } = ownInputs({ [name]: { dims, data } } as Inputs, portsOf({ [name]: data }), false);
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
    const ports = ['x', 'z'].map((name) => ({ name, dtype: 'float32', shape: ['N'] }));
    const own = ownInputs(inputs, ports, true);
    expect(own).toEqual({
      x: { type: 'float32', dims: [2], data: Float32Array.of(1, 2) },
      z: { type: 'float32', dims: [1], data: Float32Array.of(3) },
    });
    expect(buffer.byteLength).toBe(0);
    expect(() => ownInputs(inputs, ports, true)).toThrow(/was transferred/);
  });

  it('shared memory cannot be given away', () => {
    const data = new Float32Array(new SharedArrayBuffer(8));
    expect(() => ownInputs(x(data), portsOf(x(data)), true)).toThrow(
      /^the buffers of the inputs cannot be transferred \(.*\): run without 'transfer'$/,
    );
  });
});

describe('what a model does not declare', () => {
  const image = { dims: [1, 3, 4, 4], data: new Float32Array(48) };
  const port = input('image', 'float32', [1, 3, symbol('H'), symbol('W')]);
  const open = () => createSession(encodeModel(modelOf([port], { mask: identity(port) })));

  it.each([
    [{}, {}, "input 'image' is missing: expected float32 [1, 3, H, W]"],
    [new Map([['image', image]]), {}, /^expected inputs by their names, as in .*, found Map$/],
    [[image], {}, /^expected inputs by their names, as in .*, found \[\{ dims, data \}\]$/],
    [{ imgae: image }, {}, "no input is named 'imgae'; the closest is 'image'"],
    [{ image, x: image }, {}, "no input is named 'x', expected 'image'"],
    [
      { image: { ...image, dims: [1, 4, 4, 3] } },
      {},
      "input 'image' is [1, 4, 4, 3], the model takes [1, 3, H, W]",
    ],
    [
      { image: { ...image, dims: [3, 4, 4] } },
      {},
      "input 'image' is [3, 4, 4], the model takes [1, 3, H, W]",
    ],
    [{ image }, { outputs: ['masks'] }, "no output is named 'masks'; the closest is 'mask'"],
    [{ image }, { outputs: [] }, '`outputs: []`, expected a list of names'],
    [{ image }, { type: 'float' }, /^`type: 'float'`, expected float32 or float64 or /],
  ])('is refused by its name: %j, %j', async (inputs, options, message) => {
    await using session = await open();
    const refused = session.run(inputs as unknown as Inputs, options as RunOptions);
    const said = typeof message === 'string' ? message : expect.stringMatching(message);
    await expect(refused).rejects.toMatchObject({ code: 'BAD_USAGE', message: said });
  });

  it('is nothing that the model leaves open', async () => {
    const scalar = input('x', 'float32', []);
    await using session = await createSession(encodeModel(modelOf([scalar], { y: identity(scalar) })));
    const { y } = await session.run({ x: { dims: [], data: Float32Array.of(1) } });
    expect(y?.dims).toEqual([]);
    await using other = await open();
    const { mask } = await other.run({ image, ...{ more: undefined } } as unknown as Inputs);
    expect(mask?.dims).toEqual(image.dims);
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

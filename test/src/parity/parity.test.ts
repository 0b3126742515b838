import { describe, expect, it } from '@jest/globals';
import { encodeModel } from '../../../graph/file/write.js';
import { symbol } from '../../../graph/ir/dim.js';
import { float32Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { input } from '../../../graph/ir/value.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { assemble } from '../../../graph/rewriting/assemble.js';
import { createSession, type Session } from '../../../runtime/node/sessions/session.js';
import { compareOutputs, verifySession } from '../../../src/parity/parity.js';

const floats = (...values: number[]) => ({ dims: [1, values.length], data: Float32Array.from(values) });

describe('the comparison', () => {
  it('finds the largest difference and where it is', () => {
    const found = { dims: [2, 2], data: Float32Array.of(0, 0.5, 1, 0.25) };
    const expected = { dims: [2, 2], data: Float32Array.of(0, 0.5, 0.5, 0.5) };
    const result = compareOutputs(found, expected, { atol: 0.3 });
    expect(result).toMatchObject({ pass: false, maxAbs: 0.5, meanAbs: 0.1875, maxRel: 1, missed: 1 });
    expect(result.worst).toEqual({ index: [1, 0], found: 1, expected: 0.5 });
  });

  it('counts the elements that change sides of the threshold', () => {
    expect(compareOutputs(floats(0.4999, 0.9), floats(0.5, 0.6), { atol: 1 }).maskDisagreement).toBe(0.5);
  });

  it('cuts logits where their probabilities are cut, and what is neither nowhere', () => {
    const [found, expected] = [floats(-0.1, 0.4, 3), floats(0.1, 0.6, 3)];
    expect(compareOutputs(found, expected, {}, 'logits').maskDisagreement).toBeCloseTo(1 / 3, 12);
    expect(compareOutputs(found, expected, { threshold: 0.62 }, 'logits').maskDisagreement).toBeCloseTo(
      1 / 3,
    );
    expect(compareOutputs(found, expected)).not.toHaveProperty('maskDisagreement');
  });

  it('adds the relative tolerance to the absolute one, element by element', () => {
    expect(compareOutputs(floats(101), floats(100), { atol: 0, rtol: 0.011 }).pass).toBe(true);
    expect(compareOutputs(floats(101), floats(100), { atol: 0, rtol: 0.009 }).pass).toBe(false);
    expect(compareOutputs(floats(101), floats(100), { atol: 0.5, rtol: 0.006 }).pass).toBe(true);
  });

  it('takes the absolute tolerance times the largest, where it is told to and that is above 1', () => {
    const [found, expected] = [floats(-100.5, 0.4), floats(-100, 0)];
    expect(compareOutputs(found, expected, { atol: 0.01, scaled: true })).toMatchObject({
      pass: true,
      largest: 100,
      allowed: 1,
    });
    expect(compareOutputs(found, expected, { atol: 0.01 })).toMatchObject({ pass: false, allowed: 0.01 });
    expect(compareOutputs(floats(0.5), floats(0.4), { atol: 0.01, scaled: true }).allowed).toBe(0.01);
  });

  it('tells the least relative tolerance that passes, which near 0 is none', () => {
    const { neededRtol } = compareOutputs(floats(101, 2.1), floats(100, 2), { atol: 0 });
    expect(neededRtol).toBeCloseTo(0.05, 6);
    expect(compareOutputs(floats(101, 2.1), floats(100, 2), { atol: 0, rtol: neededRtol }).pass).toBe(true);
    expect(compareOutputs(floats(1), floats(0), { atol: 0.1 }).neededRtol).toBe(Number.POSITIVE_INFINITY);
    expect(compareOutputs(floats(1), floats(1)).neededRtol).toBe(0);
  });

  it('never passes a NaN or an infinity that the reference does not have', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(compareOutputs(floats(wrong), floats(1), { atol: 1e9, rtol: 1e9 }).pass).toBe(false);
      expect(compareOutputs(floats(1), floats(wrong), { atol: 1e9, rtol: 1 }).pass).toBe(false);
      expect(compareOutputs(floats(wrong), floats(wrong)).pass).toBe(true);
    }
  });
});

describe('pairing a model with a reference', () => {
  async function doubling(batch: number | string): Promise<Session> {
    const x = input('x', 'float32', [typeof batch === 'number' ? batch : symbol(batch), 2]);
    const outputs = { y: mul(x, 2) };
    return createSession(encodeModel(assemble({ name: 't', inputs: [x], outputs, producerVersion: '0' })));
  }
  const batch = [
    float32Tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
    float32Tensor([4, 2], [2, 4, 6, 8, 10, 12, 14, 16]),
  ];
  const named = (names: readonly string[], tensors: readonly Tensor[] = batch) =>
    new Map(tensors.map((tensor, i): [string, Tensor] => [names[i] ?? '', tensor]));

  it.each([
    ['by name', ['x', 'y'], 'N'],
    ['by name, in any order', ['y', 'x'], 'N'],
    ['a single output of another name', ['x', 'expected'], 'N'],
    ['by position', ['arr_0', 'arr_1'], 'N'],
    ['a batch of four through a model of two', ['x', 'y'], 2],
  ] as const)('%s', async (_, names, size) => {
    const session = await doubling(size);
    const tensors = names[0] === 'y' ? [...batch].reverse() : batch;
    const parity = await verifySession(session, named(names, tensors));
    expect(parity).toMatchObject({ pass: true, outputs: { y: { maxAbs: 0, elements: 8 } } });
    await session.close();
  });

  it('a reference that holds NaN is refused: nothing can be held to it', async () => {
    const session = await doubling('N');
    const tensors = [float32Tensor([1, 2], [1, 2]), float32Tensor([1, 2], [2, Number.NaN])];
    await expect(verifySession(session, named(['x', 'y'], tensors))).rejects.toMatchObject({
      code: 'BAD_REFERENCE',
      message: "the reference 'y' holds NaN, with which nothing can be compared",
    });
    await session.close();
  });

  it('a size that the model does not have is named as the one to export it with', async () => {
    const x = input('x', 'float32', [1, 3, 8, 8]);
    const model = assemble({ name: 't', inputs: [x], outputs: { y: mul(x, 2) }, producerVersion: '0' });
    await using session = await createSession(encodeModel(model));
    const image = float32Tensor([1, 3, 4, 6], new Float32Array(72));
    const verified = verifySession(session, named(['x', 'y'], [image, image]));
    await expect(verified).rejects.toThrow(
      /, or export the model with `size` 4x6, or for any size with `exportModel\(\{ size: \{\} \}\)`$/,
    );
  });

  it.each([
    ['a tensor too few', ['x'], 'N', /no tensor for y: it holds x/],
    ['a batch that is no multiple', ['x', 'y'], 3, /'x' is \[4,2\], the model's x \[3,2\].*of that size$/],
  ] as const)('%s is refused', async (_, names, size, says) => {
    const session = await doubling(size);
    await expect(verifySession(session, named(names, batch.slice(0, names.length)))).rejects.toThrow(says);
    await session.close();
  });
});

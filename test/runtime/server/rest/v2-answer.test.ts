import { expect, it } from '@jest/globals';
import { numbersText } from '../../../../runtime/server/rest/bodies/numbers.js';
import { writeInferAnswer } from '../../../../runtime/server/rest/v2-answer.js';

const MODEL = { name: 'm', version: '1' };
const asked = (own: readonly [string, boolean][] = []) => ({
  id: undefined,
  inputs: {},
  outputs: undefined,
  timeout: undefined,
  binary: { own: new Map(own), others: false },
});
const tensor = (data: Float32Array) => ({ dims: [data.length], data });

it('all outputs are held while the first is written, and each once', async () => {
  let held = 0;
  const heldAtWrite: number[] = [];
  const outputs = { a: tensor(new Float32Array(10)), b: tensor(new Float32Array(1000)) };
  const { body, jsonLength = 0 } = await writeInferAnswer(MODEL, asked([['b', true]]), outputs, {
    write: async (data) => {
      heldAtWrite.push(held);
      return numbersText(data);
    },
    hold(bytes) {
      held += bytes;
    },
  });
  expect(heldAtWrite[0]).toBeGreaterThanOrEqual(4 * 1010);
  expect(held).toBe(4 * 1010 + jsonLength);
  expect(body.length).toBe(jsonLength + 4 * 1000);
});

it('a value that is not finite is found where it is written, and nothing after it is', async () => {
  const data = new Float32Array(4 * 2 ** 16);
  data[2 ** 16 + 3] = Number.NaN;
  let writes = 0;
  const answer = writeInferAnswer(
    MODEL,
    asked(),
    { a: tensor(data) },
    {
      write: async (part) => {
        writes++;
        return numbersText(part);
      },
      hold() {},
    },
  );
  await expect(answer).rejects.toThrow(/^output 'a' has infinite or NaN values/);
  expect(writes).toBe(2);
});

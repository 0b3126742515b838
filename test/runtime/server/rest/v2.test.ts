import { expect, it } from '@jest/globals';
import { readInferRequest } from '../../../../runtime/server/rest/v2.js';

const port = { name: 'x', dtype: 'float32', shape: ['n'] } as const;

it('memory is taken for the values that came, not for those that a shape tells', () => {
  const input = { name: 'x', datatype: 'FP32', shape: [2 ** 40], data: [1] };
  const body = Buffer.from(JSON.stringify({ inputs: [input] }));
  const given = { body, jsonLength: undefined, ports: [port], maxElements: 2 ** 41 };
  expect(() => readInferRequest(given)).toThrow(/^input 'x': 'data' has 1 values, expected 1099511627776$/);
});

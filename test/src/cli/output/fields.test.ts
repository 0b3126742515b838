import { expect, it } from '@jest/globals';
import { assumedNetworkField } from '../../../../src/cli/output/fields.js';

const head = { what: 'head', value: 'sigmoid', option: 'head', verified: false };
const pooling = { what: 'pooling', value: 'max', option: 'pooling', verified: true };

it.each([
  [[head], false, 'head sigmoid (--head); not verified: give --reference'],
  [[head], true, 'head sigmoid (--head); not verified, since the reference holds logits'],
  [[pooling], true, 'pooling max (--pooling); verified by the reference'],
  [
    [head, pooling],
    true,
    'head sigmoid (--head); not verified, since the reference holds logits. Verified by the reference: pooling max (--pooling)',
  ],
])('asks for a reference only where there was none: %j, %j', (assumed, isCompared, text) => {
  expect(assumedNetworkField(assumed, isCompared)).toEqual(['assumed', text]);
});

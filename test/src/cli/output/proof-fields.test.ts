import { expect, it } from '@jest/globals';
import { transformFields } from '../../../../src/cli/output/proof-fields.js';
import type { OutputDifference } from '../../../../src/transform/difference.js';

const NOTHING = { level: 'standard', precision: 'fp32', changes: {}, warnings: [] } as const;

const PROBABILITIES: OutputDifference = { name: 'mask', kind: 'mask', maxAbs: 0, largest: 1, dscDrop: 0 };

it('says of a graph that has nothing to rewrite that it has none', () => {
  expect(transformFields(NOTHING)).toContainEqual(['rewritten', 'nothing to rewrite']);
});

it.each([
  [PROBABILITIES, 'probabilities identical, DSC of masks 1.00000'],
  [{ ...PROBABILITIES, maxAbs: 2e-7 }, 'probabilities within 2.0e-7, DSC of masks 1.00000'],
  [{ ...PROBABILITIES, kind: 'values' as const }, 'values identical (no mask)'],
  [
    { ...PROBABILITIES, kind: 'values' as const, maxAbs: 0.5 },
    'values within 5.0e-1, 5.0e-1 of the largest (no mask)',
  ],
])('calls outputs identical only where they are: %j', (output, text) => {
  const difference = { images: 6, maxAbs: output.maxAbs, outputs: [output] };
  expect(transformFields({ ...NOTHING, difference })).toContainEqual(['compared', `on 6 images: ${text}`]);
});

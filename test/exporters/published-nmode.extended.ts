import { describe, expect, it } from '@jest/globals';
import { PLAIN_FAMILIES } from '../../exporters/backbones/plain/families.js';
import { publishedCases, publishedParity } from '../support/published.js';

const TOLERANCE = 1e-5;
const nmode = publishedCases.filter(({ decoder }) => decoder !== undefined);

describe("nmODE decoders on the features of others' encoders agree with what the published code gives them", () => {
  it.each(nmode)('$name', async (entry) => {
    for (const level of ['none', 'latency'] as const) {
      const { backbone, maxAbs } = await publishedParity(entry, level);
      expect(backbone).toBe(entry.backbone);
      expect(maxAbs).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it('on each of those that have a decoder of their own', () => {
    const tested = new Set(nmode.map(({ backbone }) => backbone));
    expect(PLAIN_FAMILIES.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual([]);
  });
});

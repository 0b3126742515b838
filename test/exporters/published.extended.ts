import { describe, expect, it } from '@jest/globals';
import { publishedCases, publishedParity } from '../support/published.js';

const TOLERANCE = 1e-5;
const own = publishedCases.filter(({ decoder }) => decoder === undefined);
const networks = [...new Set(own.map(({ network }) => network))];

describe('networks are known by their keys, and agree with what their published code gives', () => {
  it.each(networks)('%s', async (network) => {
    const cases = own.filter((entry) => entry.network === network);
    expect(cases).toHaveLength(2);
    for (const [index, entry] of cases.entries()) {
      const { backbone, maxAbs } = await publishedParity(entry, index === 0 ? 'none' : 'latency');
      expect(backbone).toBe(entry.backbone);
      expect(maxAbs).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

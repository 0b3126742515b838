import { describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import { fixture, paritiesOf } from '../support/fixtures.js';
import { type PublishedCase, publishedCases, publishedCheckpoint } from '../support/published.js';
import { seeded } from '../support/seeded.js';

const TOLERANCE = 1e-5;
const outputs = await readReference(fixture('published', 'outputs.safetensors'));
const networks = [...new Set(publishedCases.map(({ network }) => network))];

function referenceOf({ name, input }: PublishedCase) {
  const [image, mask] = [seeded('input', input), outputs.get(name)];
  if (image === undefined || mask === undefined) throw new Error(`no output ${name}`);
  return { classes: mask.dims[1] ?? 0, tensors: new Map(Object.entries({ input: image, mask })) };
}

describe('networks are known by their keys, and agree with what their published code gives', () => {
  it.each(networks)('%s', async (network) => {
    const cases = publishedCases.filter((entry) => entry.network === network);
    expect(cases).toHaveLength(2);
    for (const [index, entry] of cases.entries()) {
      const { classes, tensors } = referenceOf(entry);
      const [batch, , height, width] = entry.input;
      const plan = planExport({
        size: { batch, height, width },
        ...(classes > 1 && { head: 'softmax' as const }),
      });
      const { model, description } = exportCheckpoint(publishedCheckpoint(entry), plan);
      expect(description.network.backbone).toBe(entry.backbone);
      const form = index === 0 ? model : optimize(model, { level: 'latency' }).model;
      const [parity] = await paritiesOf(encodeModel(form), [tensors], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

import { expect } from '@jest/globals';
import { exportCheckpoint, shapesOf } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import { hypothesesOf } from '../../exporters/backbones/plain/hypotheses.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import { searchStructure } from '../../src/api/structure/structure-search.js';
import { fixture, paritiesOf } from './fixtures.js';
import { type PlainCase, plainCheckpoint } from './plain.js';
import { seeded } from './seeded.js';

/** Height and width of the cases' references. */
export const SIDE = 32;
const outputs = await readReference(fixture('plain', 'outputs.safetensors'));
const plan = planExport({ size: {} });

/** What PyTorch gives of a case. */
export function referenceOf({ name, channels }: Pick<PlainCase, 'name' | 'channels'>) {
  const output = outputs.get(name);
  if (output === undefined) throw new Error(`no output ${name}`);
  const input = seeded('input', [1, channels, SIDE, SIDE]);
  return { name: `${name}.safetensors`, tensors: new Map(Object.entries({ input, output })) };
}

/** Looks for the network of a case. */
export function search(entry: PlainCase, reference = referenceOf(entry)) {
  const checkpoint = plainCheckpoint(entry);
  return searchStructure(checkpoint, plan, hypothesesOf(shapesOf(checkpoint)), reference, {});
}

/** A case is found, with its order of joins alone, and its model agrees with PyTorch. */
export async function expectFound(entry: PlainCase): Promise<void> {
  const { hypothesis, head, alike, size } = await search(entry);
  expect(head).toBe('none');
  for (const id of [hypothesis.id, ...alike]) {
    expect(id.split('.').find((word) => /-first$/.test(word)) ?? 'sum').toBe(entry.join);
  }
  const found = planExport({ backbone: hypothesis.backbone, head, size });
  const { model } = exportCheckpoint(plainCheckpoint(entry), found);
  const { tensors } = referenceOf(entry);
  const [parity] = await paritiesOf(
    encodeModel(optimize(model, { level: 'latency' }).model),
    [tensors],
    'all',
  );
  expect(parity?.maxAbs).toBeLessThanOrEqual(1e-5 * Math.max(1, parity?.largest ?? 0));
}

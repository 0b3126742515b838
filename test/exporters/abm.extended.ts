import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import { fixture, paritiesOf } from '../support/fixtures.js';
import { seededCheckpoint } from '../support/kin.js';
import { seeded } from '../support/seeded.js';

/** One line of fixtures/abm/cases.json. */
interface Case {
  readonly backbone: string;
  readonly told: ExportOptions;
  readonly shape: readonly number[];
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

const { variance, cases }: { variance: number; cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync(fixture('abm', 'cases.json'), 'utf8'),
);

it.each(Object.entries(cases))(
  '%s gives what PyTorch gives, as built and rewritten',
  async (name, { keys, backbone, told, shape }) => {
    const mask = (await readReference(fixture('abm', 'outputs.safetensors'))).get(name);
    if (mask === undefined) throw new Error(`no output of ${name}`);
    const checkpoint = seededCheckpoint(name, keys, variance);
    const { model, description } = exportCheckpoint(checkpoint, planExport({ ...told, size: {} }));
    expect(description.network.backbone).toBe(backbone);
    const reference = new Map([
      ['input', seeded('input', shape)],
      ['mask', mask],
    ]);
    const rewritten = (['standard', 'latency'] as const).map((level) => optimize(model, { level }).model);
    for (const one of [model, ...rewritten]) {
      const [parity] = await paritiesOf(encodeModel(one), [reference], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(4e-6);
    }
  },
);

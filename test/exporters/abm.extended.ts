import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { optimize } from '../../graph/passes/optimize.js';
import { fixture } from '../support/fixtures.js';
import { type NetworkCase, referenceIn, seededCheckpoint, worstOf } from '../support/network-cases.js';

/** One line of fixtures/abm/cases.json. */
interface Case extends Pick<NetworkCase, 'shape' | 'keys'> {
  readonly backbone: string;
  readonly told: ExportOptions;
}

const { variance, cases }: { variance: number; cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync(fixture('abm', 'cases.json'), 'utf8'),
);

it.each(Object.entries(cases))(
  '%s gives what PyTorch gives, as built and rewritten',
  async (name, { backbone, told, shape, ...entry }) => {
    const plan = planExport({ ...told, size: {} });
    const { model, description, leftAside } = exportCheckpoint(seededCheckpoint(entry, variance), plan);
    expect([description.network.backbone, description.decoder.id]).toEqual([backbone, 'abm']);
    expect(leftAside).toEqual([]);
    const rewritten = (['standard', 'latency'] as const).map((level) => optimize(model, { level }).model);
    const reference = await referenceIn('abm', name, shape);
    expect(await worstOf([model, ...rewritten], reference)).toBeLessThanOrEqual(4e-6);
  },
);

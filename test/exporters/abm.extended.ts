import { expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import { optimize } from '../../graph/passes/optimize.js';
import { ABM_CASES, abmCheckpoint } from '../support/abm.js';
import { referenceIn, worstOf } from '../support/network-cases.js';

it.each(Object.entries(ABM_CASES))(
  '%s gives what PyTorch gives, as built and rewritten',
  async (name, { backbone, told, shape, keys }) => {
    const plan = planExport({ ...told, size: {} });
    const { model, description, leftAside } = exportCheckpoint(abmCheckpoint({ keys }), plan);
    expect([description.network.backbone, description.decoder.id]).toEqual([backbone, 'abm']);
    expect(leftAside).toEqual([]);
    const rewritten = (['standard', 'latency'] as const).map((level) => optimize(model, { level }).model);
    const reference = await referenceIn('abm', name, shape);
    expect(await worstOf([model, ...rewritten], reference)).toBeLessThanOrEqual(4e-6);
  },
);

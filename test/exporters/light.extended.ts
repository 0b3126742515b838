import { expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import { paritiesOf } from '../support/fixtures.js';
import { hintsOfLight, LIGHT_CASES, LIGHT_SHAPE } from '../support/light.js';
import { monaiCheckpoint } from '../support/monai.js';
import { referenceIn } from '../support/network-cases.js';

it.each(Object.entries(LIGHT_CASES))(
  '%s is known by its keys and gives what PyTorch gives, as built and rewritten',
  async (name, entry) => {
    const plan = planExport({ ...hintsOfLight(name, entry), size: {} });
    const { model, description, leftAside } = exportCheckpoint(monaiCheckpoint(entry), plan);
    expect(description.network.backbone).toBe(entry.backbone);
    expect(leftAside).toEqual([]);
    const reference = await referenceIn('light', name, LIGHT_SHAPE);
    for (const one of [model, optimize(model).model]) {
      const [parity] = await paritiesOf(encodeModel(one), [reference], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(1e-5);
    }
  },
);

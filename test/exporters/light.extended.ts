import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { publishedForm, type SolverId } from '../../exporters/decoders/solvers.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import { fixture, paritiesOf } from '../support/fixtures.js';
import { monaiCheckpoint } from '../support/monai.js';
import { seeded } from '../support/seeded.js';

interface Case {
  readonly backbone: string;
  readonly decoder: SolverId | 'original';
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

const { shape, cases }: { shape: readonly number[]; cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync(fixture('light', 'cases.json'), 'utf8'),
);

it.each(Object.entries(cases))(
  '%s is known by its keys and gives what PyTorch gives, as built and rewritten',
  async (name, { keys, backbone, decoder }) => {
    const mask = (await readReference(fixture('light', 'outputs.safetensors'))).get(name);
    if (mask === undefined) throw new Error(`no output of ${name}`);
    const head = name === 'unext' ? ({ head: 'none' } as const) : {};
    const plan = planExport({
      ...{ ...head, size: {}, decoder },
      ...(decoder !== 'original' && { activation: publishedForm(decoder).activation }),
    });
    const { model, description, leftAside } = exportCheckpoint(monaiCheckpoint({ keys }), plan);
    expect(description.network.backbone).toBe(backbone);
    expect(leftAside).toEqual([]);
    const reference = new Map([
      ['input', seeded('input', shape)],
      ['mask', mask],
    ]);
    for (const one of [model, optimize(model).model]) {
      const [parity] = await paritiesOf(encodeModel(one), [reference], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(1e-5);
    }
  },
);

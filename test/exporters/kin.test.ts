import { describe, expect, it } from '@jest/globals';
import { readReference } from '../../exporters/checkpoints/open.js';
import { exportCheckpoint } from '../../exporters/export-model.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import type { GraphOptimization } from '../../runtime/node/sessions/native.js';
import { fixture, parityOf } from '../support/fixtures.js';
import { type KinCase, kinCases, kinCheckpoint } from '../support/kin.js';
import { seeded } from '../support/seeded.js';

const TOLERANCE = 1e-5;
const SESSIONS: readonly GraphOptimization[] = ['all', 'disabled'];
const outputs = await readReference(fixture('kin', 'outputs.safetensors'));

/** What a checkpoint cannot tell, and nothing else. */
/** What a checkpoint cannot tell, and nothing else. */
function told({ decoder, activation }: KinCase) {
  return activation === null ? {} : { activation, ...(decoder !== 'hd' && { decoder }) };
}

function referenceOf({ name, input }: KinCase) {
  const [image, mask] = [seeded('input', input), outputs.get(name)];
  if (image === undefined || mask === undefined) throw new Error(`no output ${name}`);
  return new Map([
    ['input', image],
    ['mask', mask],
  ]);
}

const networks = [...new Set(kinCases.map(({ network }) => network))];

describe('U-Nets by others agree with PyTorch, as built and as optimised', () => {
  it.each(networks)('%s', async (network) => {
    const cases = kinCases.filter((entry) => entry.network === network);
    const [first] = cases;
    if (first === undefined) throw new Error('no case');
    expect(cases.length).toBeGreaterThan(1);
    const checkpoint = kinCheckpoint(first);
    const open = exportCheckpoint(checkpoint, { ...told(first), size: {} });
    expect(open.description.network.backbone).toBe(first.backbone);
    for (const entry of cases) {
      const [batch, , height, width] = entry.input;
      const size = { batch, height, width };
      const fixed = exportCheckpoint(checkpoint, { ...told(first), size });
      for (const model of [open.model, optimize(open.model).model, optimize(fixed.model).model]) {
        const encoded = encodeModel(model);
        for (const session of SESSIONS) {
          const parity = await parityOf(encoded, referenceOf(entry), session);
          if (process.env.KIN) console.error(entry.name, session, parity?.maxAbs);
          expect(parity?.maxAbs).toBeLessThanOrEqual(TOLERANCE);
        }
      }
    }
  });
});

/** Checkpoints as training scripts save them: which weights are taken, and that it is told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readReference } from '../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../exporters/checkpoints/write-safetensors.js';
import { exportModel } from '../../src/index.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-wrapped-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tensors = await readReference(fixture('wrapped', 'reference.safetensors'));
const output = join(folder, 'model.onnx');

/** What PyTorch gives with the weights as they were trained, or with their average. */
function referenceOf(weights: 'trained' | 'average'): string {
  const [input, given] = [tensors.get('input'), tensors.get(weights)];
  if (input === undefined || given === undefined) throw new Error(`no output ${weights}`);
  const path = join(folder, `${weights}.safetensors`);
  writeFileSync(path, encodeSafetensors(new Map(Object.entries({ input, output: given }))));
  return path;
}

const references = { trained: referenceOf('trained'), average: referenceOf('average') };

/** What is assumed of the weights where they give what these do. */
async function assumedWith(file: string, weights: keyof typeof references, where = {}) {
  const report = await exportModel({
    checkpoint: fixture('wrapped', file),
    output,
    reference: references[weights],
    size: { height: 16, width: 16 },
    ...where,
  });
  return report.assumed.filter(({ what }) => what === 'weights');
}

describe('what surrounds weights is taken away, and nothing is assumed of them', () => {
  it.each([
    ['compiled-parallel.pth', 'trained'],
    ['optimiser-and-all.pth', 'trained'],
    ['averaged-model.pth', 'average'],
  ] as const)('%s', async (file, weights) => {
    expect(await assumedWith(file, weights)).toEqual([]);
  });
});

const CALLBACK = 'callbacks.EMACallback.ema_state_dict';

describe('of trained weights and their average the trained are taken, which is told, and the average where it is asked for', () => {
  it.each([
    ['timm.pth.tar', "of 'state_dict', not of 'state_dict_ema'", { key: 'state_dict_ema' }],
    ['lightning-callback.ckpt', `of 'state_dict', not of '${CALLBACK}'`, { key: CALLBACK }],
    ['lightning.ckpt', "below 'net.', not their average below 'ema_net.'", { prefix: 'ema_net.module' }],
    [
      'ema-pytorch.pt',
      "below 'online_model.', not their average below 'ema_model.'",
      { prefix: 'ema_model' },
    ],
  ])('%s', async (file, value, average) => {
    const [option] = Object.keys(average);
    expect(await assumedWith(file, 'trained')).toEqual([{ what: 'weights', value, option, verified: true }]);
    expect(await assumedWith(file, 'average', average)).toEqual([]);
  });

  it('the message of a reference that is missed says which were taken, and inspect does', () => {
    const file = fixture('wrapped', 'timm.pth.tar');
    const weights = "weights of 'state_dict', not of 'state_dict_ema' (--key)";
    const missed = nmode('export', file, '-o', output, '--reference', references.average);
    expect(missed.status).toBe(1);
    expect(missed.stderr).toContain(`with these weights (${weights})`);
    expect(nmode('inspect', file).stdout).toContain(`assumed  unless given: ${weights}`);
  });
});

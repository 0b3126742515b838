import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../../exporters/assembly/build.js';
import { standard } from '../../../exporters/assembly/describe.js';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import type { NamedArguments } from '../../../exporters/backbones/backbone.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { keysOf, Weights } from '../../../exporters/nn/weights.js';
import { encodeModel } from '../../../graph/file/write.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { fixture, paritiesOf } from '../../support/fixtures.js';
import { inferenceOf, MONAI_CASES, type MonaiCase, monaiCheckpoint, VARIANCE } from '../../support/monai.js';
import { seeded, seededWith } from '../../support/seeded.js';

/** Rounding, beside the largest value of an output where that is above 1. */
const TOLERANCE = 5e-6;

async function outputOf(name: string) {
  const output = (await readReference(fixture('monai', 'outputs.safetensors'))).get(name);
  if (output === undefined) throw new Error(`no output of ${name}`);
  return output;
}

const sizeOf = ([batch, , ...space]: readonly number[]) => {
  const [width, height, depth] = space.toReversed();
  return { batch, height, width, ...(depth !== undefined && { depth }) };
};

describe("MONAI's networks give what MONAI gives, as built, rewritten and of open sizes", () => {
  it.each(Object.entries(MONAI_CASES))('%s', async (name, entry: MonaiCase) => {
    const checkpoint = monaiCheckpoint(entry, [['configs/inference.json', inferenceOf(entry)]]);
    const reference = new Map([
      ['input', seeded('input', entry.shape)],
      ['mask', await outputOf(name)],
    ]);
    const exported = (size: object) => exportCheckpoint(checkpoint, planExport({ head: 'none', size })).model;
    const model = exported(sizeOf(entry.shape));
    const models = [
      model,
      ...(['standard', 'latency'] as const).map((level) => optimize(model, { level }).model),
      exported({}),
    ];
    for (const one of models) {
      const [{ maxAbs, largest } = { maxAbs: NaN, largest: 0 }] = await paritiesOf(
        encodeModel(one),
        [reference],
        'all',
      );
      expect(maxAbs / Math.max(1, largest)).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

describe('an nmODE decoder on a network of MONAI gives what PyTorch gives', () => {
  const unet: NamedArguments = {
    ...{ channels: [4, 8, 12], strides: [2, 2], num_res_units: 1, norm: 'batch' },
    ...{ in_channels: 1, spatial_dims: 2 },
  };
  const cases = {
    'unet.eed': ['monai.unet', 'eed', unet],
    'segresnet.hd': [
      'monai.segresnet',
      'hd',
      { init_filters: 8, blocks_down: [1, 1, 1], blocks_up: [1, 1], norm: 'batch', spatial_dims: 2 },
    ],
    'dynunet.lmd': [
      'monai.dynunet',
      'lmd',
      { filters: [4, 6, 8], strides: [1, 2, 2], kernel_size: [3, 3, 3], spatial_dims: 2 },
    ],
    'volume.eed': ['monai.unet', 'eed', { ...unet, spatial_dims: 3 }],
  } as const;

  it.each(Object.entries(cases))('%s', async (name, [id, decoder, args]) => {
    const description = standard(backboneOf(id, args).network(new Map()), decoder);
    const built = buildModel(description, Weights.from(seededWith(VARIANCE)), { size: {} });
    const { axes } = description.network;
    const reference = new Map([
      ['input', seeded('input', axes === 3 ? [1, 1, 8, 12, 16] : [1, 1, 16, 24])],
      ['mask', await outputOf(name)],
    ]);
    for (const model of [built, optimize(built).model]) {
      const [parity] = await paritiesOf(encodeModel(model), [reference], 'all');
      expect(parity?.maxAbs).toBeLessThanOrEqual(4e-6);
    }
    // Its keys tell encoder and decoder.
    const keys = keysOf((weights) => {
      buildModel(description, weights, { size: {} });
    });
    const found = detectIn(monaiCheckpoint({ keys: Object.fromEntries(keys) }));
    expect(found.network).toMatchObject({ backbone: id, widths: description.network.widths });
    expect(found.decoders).toContain(decoder);
  });
});

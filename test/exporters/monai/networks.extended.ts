import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../../exporters/assembly/build.js';
import { standard } from '../../../exporters/assembly/describe.js';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import type { NamedArguments } from '../../../exporters/backbones/backbone.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { keysOf, Weights } from '../../../exporters/nn/weights.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { inferenceOf, MONAI_CASES, monaiCheckpoint, VARIANCE } from '../../support/monai.js';
import { referenceIn, variantsOf, worstOf } from '../../support/network-cases.js';
import { seededWith } from '../../support/seeded.js';

/** Rounding, beside the largest value of an output where that is above 1. */
const TOLERANCE = 5e-6;

describe("MONAI's networks give what MONAI gives, as built, rewritten and of open sizes", () => {
  it.each(Object.entries(MONAI_CASES))('%s', async (name, entry) => {
    const checkpoint = monaiCheckpoint(entry, [['configs/inference.json', inferenceOf(entry)]]);
    const reference = await referenceIn('monai', name, entry.shape);
    expect(await worstOf(variantsOf(checkpoint, entry.shape), reference)).toBeLessThanOrEqual(TOLERANCE);
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
    'unet.abm': ['monai.unet', 'abm', unet],
    'volume.eed': ['monai.unet', 'eed', { ...unet, spatial_dims: 3 }],
    'volume.hd': ['monai.unet', 'hd', { ...unet, spatial_dims: 3 }],
    'volume.lmd': ['monai.unet', 'lmd', { ...unet, spatial_dims: 3 }],
    'volume.abm': ['monai.unet', 'abm', { ...unet, spatial_dims: 3 }],
  } as const;

  it.each(Object.entries(cases))('%s', async (name, [id, decoder, args]) => {
    const description = standard(backboneOf(id, args).network(new Map()), decoder);
    const built = buildModel(description, Weights.from(seededWith(VARIANCE)), { size: {} });
    const { axes } = description.network;
    const reference = await referenceIn('monai', name, axes === 3 ? [1, 1, 8, 12, 16] : [1, 1, 16, 24]);
    expect(await worstOf([built, optimize(built).model], reference)).toBeLessThanOrEqual(4e-6);
    // Its keys tell encoder and decoder.
    const keys = keysOf((weights) => {
      buildModel(description, weights, { size: {} });
    });
    const found = detectIn(monaiCheckpoint({ keys: Object.fromEntries(keys) }));
    expect(found.network).toMatchObject({ backbone: id, widths: description.network.widths });
    expect(found.decoders).toContain(decoder);
  });
});

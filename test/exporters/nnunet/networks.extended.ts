import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../../exporters/assembly/build.js';
import { standard } from '../../../exporters/assembly/describe.js';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { keysOf, Weights } from '../../../exporters/nn/weights.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { referenceIn, seededCheckpoint, variantsOf, worstOf } from '../../support/network-cases.js';
import { NNUNET_CASES, nnunetIdOf, plannedCheckpoint, VARIANCE } from '../../support/nnunet.js';
import { seededWith } from '../../support/seeded.js';

/** Rounding, beside the largest value of an output where that is above 1. */
const TOLERANCE = 5e-6;

describe("nnU-Net's networks give what PyTorch gives, as built, rewritten and of open sizes", () => {
  it.each(Object.entries(NNUNET_CASES))('%s', async (name, entry) => {
    const reference = await referenceIn('nnunet', name, entry.shape);
    const models = variantsOf(plannedCheckpoint(entry), entry.shape);
    expect(await worstOf(models, reference)).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe('an nmODE decoder on an encoder of nnU-Net gives what PyTorch gives', () => {
  it.each([
    ['plain', 'eed'],
    ['residual', 'hd'],
    ['batchnorm', 'lmd'],
    ['bottleneck', 'abm'],
    ['plain-volume', 'eed'],
    ['residual-volume', 'hd'],
    ['plain-volume', 'lmd'],
    ['residual-volume', 'abm'],
  ] as const)('%s: %s', async (caseName, decoder) => {
    const entry = NNUNET_CASES[caseName];
    if (entry === undefined) throw new Error(`no case ${caseName}`);
    const args = { ...entry.arguments, input_channels: entry.shape[1] };
    const description = standard(backboneOf(nnunetIdOf(entry), args).network(new Map()), decoder);
    const built = buildModel(description, Weights.from(seededWith(VARIANCE)), { size: {} });
    const reference = await referenceIn('nnunet', `${caseName}.${decoder}`, entry.shape);
    expect(await worstOf([built, optimize(built).model], reference)).toBeLessThanOrEqual(4e-6);
    // Its keys tell encoder and decoder; ResidualUNet's encoder is ResidualEncoderUNet's.
    const backbone = nnunetIdOf(entry).replace('.residualunet', '.residualencoderunet');
    const keys = keysOf((weights) => {
      buildModel(description, weights, { size: {} });
    });
    const found = detectIn(seededCheckpoint({ keys: Object.fromEntries(keys) }, VARIANCE));
    expect(found.network).toMatchObject({ backbone, widths: description.network.widths });
    expect(found.decoders).toContain(decoder);
  });
});

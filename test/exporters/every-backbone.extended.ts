import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../exporters/assembly/build.js';
import { detect, standard } from '../../exporters/assembly/describe.js';
import { BACKBONE_IDS, backboneOf } from '../../exporters/backbones/index.js';
import { SOLVER_IDS } from '../../exporters/decoders/solvers.js';
import { keysOf } from '../../exporters/nn/weights.js';
import { compare } from '../../src/api/compare.js';

/** Those of volumes, by the arguments that say so. */
const VOLUMES = {
  'monai.unet': { spatial_dims: 3 },
  'monai.segresnet': { spatial_dims: 3 },
  'nnunet.plainconvunet': { conv_op: 'torch.nn.Conv3d' },
  'nnunet.residualencoderunet': { conv_op: 'torch.nn.Conv3d' },
};

describe.each([...BACKBONE_IDS.map((id) => [id, undefined] as const), ...Object.entries(VOLUMES)])(
  '%s %j takes an nmODE decoder of every solver, and its keys tell both',
  (id, args) => {
    const backbone = backboneOf(id, args);
    const network = backbone.network(new Map());

    it.each(SOLVER_IDS)('%s', (decoder) => {
      const keys = keysOf((weights) => {
        buildModel(standard(network, decoder), weights, { size: {} });
      });
      const found = detect('x.pth', keys, backbone);
      expect(found.network).toMatchObject({ backbone: network.backbone, widths: network.widths });
      expect(found.decoders).toContain(decoder);
    });
  },
);

it('compare counts every solver on every backbone', async () => {
  const rows = await compare({ backbones: BACKBONE_IDS });
  for (const id of BACKBONE_IDS) {
    const own = rows.filter(({ backbone }) => backbone === id);
    expect(own.map(({ decoder }) => decoder).filter((name) => name !== 'original')).toEqual(SOLVER_IDS);
    for (const { parameters, macs, encoder } of own) {
      expect(parameters).toBeGreaterThan(encoder.parameters);
      expect(macs).toBeGreaterThan(encoder.macs);
    }
  }
});

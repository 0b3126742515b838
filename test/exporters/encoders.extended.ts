import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../exporters/assembly/build.js';
import { standard } from '../../exporters/assembly/describe.js';
import { locate } from '../../exporters/assembly/locate.js';
import { backboneOf } from '../../exporters/backbones/index.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import type { SolverId } from '../../exporters/decoders/solvers.js';
import { Weights } from '../../exporters/nn/weights.js';
import { encodeModel } from '../../graph/file/write.js';
import { optimize } from '../../graph/passes/optimize.js';
import { compare } from '../../src/api/compare.js';
import { fixture, paritiesOf } from '../support/fixtures.js';
import { PUBLISHED } from '../support/published-solvers.js';
import { seeded, seededWith } from '../support/seeded.js';

const always = () => 'fitting' as const;

/** Deep features weigh little in these outputs: 1e-5 would let a wrong one pass. */
const TOLERANCE = 4e-6;

const SHAPES = [
  [1, 3, 64, 32],
  [2, 3, 32, 64],
] as const;

interface Figures {
  readonly variances: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, { readonly parameters: number; readonly macs: number }>>;
}
const { variances, counts }: Figures = JSON.parse(readFileSync(fixture('encoders', 'encoders.json'), 'utf8'));
const ENCODERS = Object.keys(variances);

async function expectedOf(id: string, decoder: SolverId, shape: readonly number[]) {
  const outputs = await readReference(fixture('encoders', 'outputs.safetensors'));
  const mask = outputs.get(`${id}.${decoder}.${shape.join('x')}`);
  const input = seeded('input', shape);
  if (mask === undefined || input === undefined) throw new Error(`no output of ${id}`);
  return new Map([
    ['input', input],
    ['mask', mask],
  ]);
}

describe("torchvision's encoders with nmODE decoders give PyTorch's probabilities, as built and rewritten", () => {
  describe.each(ENCODERS)('%s', (id) => {
    const network = backboneOf(id).network(new Map());
    const weights = seededWith(variances[id] ?? Number.NaN);

    it.each(PUBLISHED)('%s', async (decoder) => {
      const built = buildModel(standard(network, decoder), Weights.from(weights), { size: {} });
      const references = await Promise.all(SHAPES.map((shape) => expectedOf(id, decoder, shape)));
      const parities = [
        ...(await paritiesOf(encodeModel(built), references, 'disabled')),
        ...(await paritiesOf(encodeModel(optimize(built).model), references, 'all')),
      ];
      expect(parities).toHaveLength(4);
      for (const parity of parities) expect(parity?.maxAbs).toBeLessThanOrEqual(TOLERANCE);
    });

    it("has PyTorch's parameters and multiply-adds", async () => {
      for (const { decoder, parameters, macs } of await compare({ backbones: [id] })) {
        if (decoder !== 'original') expect({ parameters, macs }).toEqual(counts[`${id}.${decoder}`]);
      }
    });

    it('is recognised by its keys, below `encoder.` and bare, whatever stands beside them', () => {
      for (const prefix of ['encoder.', '']) {
        const keys = Array.from(
          network.keys,
          ([key, shape]) => [key.replace(/^encoder\./, prefix), shape] as const,
        );
        const shapes = new Map([
          ...keys,
          [`${prefix}classifier.weight`, [1000, 7]],
          ['outc.conv.weight', [1, 3, 1, 1]],
        ]);
        expect(locate('x.pth', shapes, always).network.backbone).toBe(id);
      }
    });
  });
});

describe('what fits no network', () => {
  const shapes = new Map(backboneOf('resnet34').network(new Map()).keys);

  it('is told with the closest one and the first keys that differ', () => {
    const broken = new Map(shapes);
    broken.delete('encoder.layer3.5.bn2.weight');
    broken.set('encoder.layer1.0.conv1.weight', [64, 64, 1, 1]);
    // The smaller network in it fits all the same.
    broken.delete('encoder.layer1.1.bn1.bias');
    expect(() => locate('x.pth', broken, always)).toThrow(
      /x\.pth: no known network; the closest is resnet34: 177 of the 180 keys .* missing: encoder\.layer1\.1\.bn1\.bias, encoder\.layer3\.5\.bn2\.weight; 1 misshapen: encoder\.layer1\.0\.conv1\.weight is \[64, 64, 1, 1\], expected \[64, 64, 3, 3\]/,
    );
  });

  it('of what was told is told with what it is instead', () => {
    expect(locate('x.pth', shapes, always, backboneOf('resnet34')).network.backbone).toBe('resnet34');
    expect(() => locate('x.pth', shapes, always, backboneOf('resnet50'))).toThrow(
      /not those of resnet50 but of resnet34: 149 of the 265 keys .* missing: encoder\.layer1\.0\.conv3\.weight/,
    );
  });
});

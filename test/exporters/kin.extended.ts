import { describe, expect, it } from '@jest/globals';
import { exportCheckpoint, shapesOf } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { locate } from '../../exporters/assembly/locate.js';
import { ownKeys } from '../../exporters/backbones/backbone.js';
import { backboneOf } from '../../exporters/backbones/index.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { optimize } from '../../graph/passes/optimize.js';
import type { GraphOptimization } from '../../runtime/node/sessions/native.js';
import { fixture, paritiesOf } from '../support/fixtures.js';
import { type KinCase, kinCases, kinCheckpoint, toldByKin } from '../support/kin.js';
import { seeded } from '../support/seeded.js';

const always = () => 'fitting' as const;

const TOLERANCE = 1e-5;
const outputs = await readReference(fixture('kin', 'outputs.safetensors'));

function referenceOf({ name, input }: KinCase) {
  const [image, mask] = [seeded('input', input), outputs.get(name)];
  if (image === undefined || mask === undefined) throw new Error(`no output ${name}`);
  return new Map([
    ['input', image],
    ['mask', mask],
  ]);
}

const networks = [...new Set(kinCases.map(({ network }) => network))];

async function expectParity(model: Model, entries: readonly KinCase[], session: GraphOptimization) {
  const parities = await paritiesOf(encodeModel(model), entries.map(referenceOf), session);
  expect(parities).toHaveLength(entries.length);
  for (const parity of parities) expect(parity?.maxAbs).toBeLessThanOrEqual(TOLERANCE);
}

describe('U-Nets by others agree with PyTorch, and are known by their keys', () => {
  it.each(networks)('%s', async (network) => {
    const cases = kinCases.filter((entry) => entry.network === network);
    const [first] = cases;
    if (first === undefined) throw new Error('no case');
    const checkpoint = kinCheckpoint(first);
    const open = exportCheckpoint(checkpoint, planExport({ ...toldByKin(first), size: {} }));
    expect(open.description.network.backbone).toBe(first.backbone);
    expect(cases).toHaveLength(2);
    await expectParity(open.model, cases, 'disabled');
    await expectParity(optimize(open.model).model, cases, 'all');
    const [batch, , height, width] = first.input;
    const fixed = exportCheckpoint(
      checkpoint,
      planExport({ ...toldByKin(first), size: { batch, height, width } }),
    ).model;
    await expectParity(optimize(fixed).model, [first], 'all');
  });
});

it("segmentation_models.pytorch's decoder does without the skips that an encoder lacks", () => {
  const network = backboneOf('convnext_tiny').network(new Map());
  if (network.own === undefined) throw new Error('no decoder');
  const keys = ownKeys(network, network.own);
  const weightOf = (block: number) => keys.get(`decoder.blocks.${block}.conv1.0.weight`);
  expect([0, 1, 2, 3, 4].map(weightOf)).toEqual([
    [256, 768 + 384, 3, 3],
    [128, 256 + 192, 3, 3],
    [64, 128 + 96, 3, 3],
    [32, 64, 3, 3],
    [16, 32, 3, 3],
  ]);
});

describe('a checkpoint', () => {
  const first = (name: string): KinCase => {
    const [entry] = kinCases.filter(({ network }) => network === name);
    if (entry === undefined) throw new Error(`no network ${name}`);
    return entry;
  };
  const exportOf = (name: string, options: Partial<ExportOptions> = {}) => {
    const entry = first(name);
    return () =>
      exportCheckpoint(kinCheckpoint(entry), planExport({ ...toldByKin(entry), size: {}, ...options }));
  };
  const ege = () => kinCheckpoint(first('ege-original'));

  it.each(['attention-original', 'nested-original', 'smp-resnet18', 'ege-original'])(
    'of %s, of one class, ends in a sigmoid',
    (network) => {
      expect(exportOf(network)().model.metadata.get('nmode.head')).toBe('sigmoid');
    },
  );

  it('with deep supervision gives the last output', () => {
    const supervision = (network: string) => exportOf(network)().model.metadata.get('nmode.supervision');
    expect(supervision('nested-deep')).toBe('deep');
    expect(supervision('nested-original')).toBe('final');
  });

  it.each([
    ['attention-original', 40, 16],
    ['nested-original', 40, 16],
    ['smp-mobilenet', 48, 32],
    ['ege-original', 48, 32],
  ])('of %s takes no height of %d', (network, height, multiple) => {
    expect(exportOf(network, { size: { height } })).toThrow(
      new RegExp(`height ${height} does not fit: .* a multiple of ${multiple}`),
    );
  });

  it('said to be of another network is told of its own', () => {
    expect(exportOf('nested-eed', { backbone: 'attention_unet' })).toThrow(
      /not those of attention_unet but of unetplusplus: 0 of the 60 keys .* missing: Conv1\.conv\.0\.weight/,
    );
  });

  it('with a decoder that differs is told which keys', () => {
    const tensors = new Map(ege().tensors);
    tensors.delete('GAB3.pre_project.weight');
    expect(() => exportCheckpoint({ ...ege(), tensors }, planExport({ size: {} }))).toThrow(
      /1 missing: GAB3\.pre_project\.weight/,
    );
  });

  it('of channels that do not part into groups is refused by its key', () => {
    const shapes = new Map([...shapesOf(ege()), ['encoder1.0.weight', [10, 3, 3, 3]]] as const);
    expect(() => locate('x.pth', shapes, always)).toThrow(
      /closest is egeunet: .* 1 misshapen: encoder1\.0\.weight is \[10, 3, 3, 3\], expected \[8, 3, 3, 3\]/,
    );
  });
});

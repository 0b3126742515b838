import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { type Exported, exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { openCheckpoint } from '../../exporters/checkpoints/open.js';
import { cost } from '../../graph/analysis/cost.js';
import { encodedLength, encodeModel } from '../../graph/file/write.js';
import { byteLength } from '../../graph/ir/tensor.js';
import { compare } from '../../src/api/compare.js';
import { exported, fixture } from '../support/fixtures.js';

const path = fixture('cases', 'nmode-CR_B.zip.pth');
const eed: ExportOptions = { decoder: 'eed', activation: 'gelu', size: { batch: 1, height: 64, width: 48 } };

async function modelOf(options: ExportOptions): Promise<Exported> {
  const checkpoint = await openCheckpoint(path);
  try {
    return exportCheckpoint(checkpoint, planExport(options));
  } finally {
    checkpoint.close();
  }
}

it('an EED graph has the nodes of the arithmetic and no other', async () => {
  const { model } = await modelOf(eed);
  const found: Record<string, number> = {};
  for (const { opType } of model.graph.nodes) found[opType] = (found[opType] ?? 0) + 1;
  const [levels, steps, between, resized] = [5, 5, 4, 4];
  expect(found).toEqual({
    Conv: 2 * levels + steps + 1,
    BatchNormalization: 2 * levels + steps,
    Relu: 2 * levels + steps,
    MaxPool: levels - 1,
    Resize: resized,
    // y + u and the sum of the step, which the first step from y = 0 does not need; one in each GELU.
    Add: 2 * (steps - 1) + between,
    // d sigma; (1 - d) y, not at the first step; two in each GELU.
    Mul: steps + (steps - 1) + 2 * between,
    Div: between,
    Erf: between,
    Sigmoid: 1,
  });
});

it('nothing of the size of the input is stored: all but the weights are scalars and scales', async () => {
  const { model } = await modelOf(eed);
  const checkpoint = await openCheckpoint(path);
  for (const [name, { dtype, dims }] of model.graph.initializers) {
    const isWeight = checkpoint.tensors.has(name);
    if (!isWeight) expect(byteLength(dtype, dims)).toBeLessThanOrEqual(16);
  }
  checkpoint.close();
});

it('two exports of one checkpoint are the same bytes', async () => {
  const [first, second] = [await exported(path, eed), await exported(path, eed)];
  expect(Buffer.compare(first, second)).toBe(0);
});

it('the size that is told without reading a weight is that of the file', async () => {
  const checkpoint = await openCheckpoint(path);
  const { model } = exportCheckpoint(checkpoint, planExport(eed));
  expect(encodedLength(model)).toBe(encodeModel(model).length);
  checkpoint.close();
});

it('the size chosen changes nothing but the declared sizes', async () => {
  const [fixed, open] = [await modelOf(eed), await modelOf({ ...eed, size: {} })];
  expect(open.model.graph.nodes).toEqual(fixed.model.graph.nodes);
  expect(open.model.graph.inputs[0]?.type?.shape).toEqual(['N', 3, 'H', 'W']);
  expect(open.model.graph.outputs[0]?.type?.shape).toEqual(['N', 1, 'H', 'W']);
  expect(cost(open.model, { N: 1, H: 64, W: 48 }).macs).toBe(cost(fixed.model).macs);
});

it('metadata says what the network is and where it came from, not when', async () => {
  const { model } = await modelOf(eed);
  expect(Object.fromEntries(model.metadata)).toMatchObject({
    'nmode.backbone': 'unet',
    'nmode.decoder': 'eed',
    'nmode.order': 'CR_B',
    'nmode.activation': 'gelu',
    'nmode.widths': '2,4,8,16,16',
    'nmode.source.file': 'nmode-CR_B.zip.pth',
    'nmode.source.sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it("at width 64, parameters and multiply-adds are those that PyTorch's hooks count", async () => {
  const counted = JSON.parse(readFileSync(fixture('seeded', 'counts.json'), 'utf8'));
  const rows = await compare({ backbones: ['unet'] });
  const rowOf = new Map(rows.map(({ decoder, parameters, macs }) => [decoder, { parameters, macs }]));
  expect(Object.fromEntries(rowOf)).toMatchObject(counted);
  const released = (['original', 'eed', 'hd', 'lmd'] as const).map((decoder) => rowOf.get(decoder));
  expect(released.map((row) => row?.parameters)).toEqual([13395329, 9450673, 9476605, 9450673]);
  const billions = released.map((row) => (Number(row?.macs) / 1e9).toFixed(3));
  expect(billions).toEqual(['30.920', '14.825', '15.037', '14.825']);
});

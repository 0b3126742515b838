/** Every family of networks below what training scripts put in front of its keys. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import { openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { elementCount, float32Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { hypothesesIn } from '../../../src/api/structure/structure.js';
import { plainShapes } from '../../support/plain.js';
import { publishedCases, publishedCheckpoint } from '../../support/published.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-wrappers-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Shapes = readonly (readonly [key: string, dims: readonly number[]])[];

/** One network of each family whose published code is run. */
const families = new Map(
  publishedCases
    .toReversed()
    .filter(({ decoder }) => decoder === undefined)
    .map((entry) => [entry.backbone, entry] as const),
);
const shapesOf = (tensors: ReadonlyMap<string, Tensor>): Shapes =>
  Array.from(tensors, ([key, { dims }]) => [key, dims] as const);

const below = (prefix: string, shapes: Shapes): Shapes =>
  shapes.map(([key, dims]) => [`${prefix}${key}`, dims] as const);
const beside: Shapes = [['criterion.weight', [2]]];

const FORMS: Readonly<Record<string, (shapes: Shapes) => Shapes>> = {
  DataParallel: (shapes) => below('module.', shapes),
  compiled: (shapes) => below('_orig_mod.', shapes),
  'AveragedModel of DataParallel': (shapes) => [['n_averaged', []], ...below('module.module.', shapes)],
  'Lightning, with a loss': (shapes) => [...below('net.', shapes), ...beside],
  'Lightning, compiled, with an average': (shapes) => [
    ...below('model._orig_mod.', shapes),
    ['ema.n_averaged', []],
    ...below('ema.module.', shapes),
    ...beside,
  ],
};

async function opened(name: string, shapes: Shapes) {
  const path = join(folder, `${name}.safetensors`);
  const zeros = (dims: readonly number[]) => float32Tensor(dims, new Float32Array(elementCount(dims)));
  writeFileSync(path, encodeSafetensors(new Map(shapes.map(([key, dims]) => [key, zeros(dims)]))));
  return openCheckpoint(path);
}

describe.each(Object.entries(FORMS))('%s', (form, wrapped) => {
  const averages = form.includes('with an average') ? 1 : 0;

  it.each([...families])('%s', async (backbone, entry) => {
    const checkpoint = await opened(backbone, wrapped(shapesOf(publishedCheckpoint(entry).tensors)));
    expect(detectIn(checkpoint).network.backbone).toBe(backbone);
    expect(checkpoint.assumed).toHaveLength(averages);
    checkpoint.close();
  });

  it('a plain U-Net of other keys', async () => {
    const shapes = Object.entries(plainShapes({ name: 'unet-046' }));
    const checkpoint = await opened('plain', wrapped(shapes));
    const [alone] = hypothesesIn(await opened('alone', shapes)).all;
    expect(hypothesesIn(checkpoint).all[0]?.id).toBe(alone?.id);
    expect(checkpoint.assumed).toHaveLength(averages);
    checkpoint.close();
  });
});

it('every plain family is among them', () => {
  const plain = BACKBONE_IDS.filter((id) => /^(.*unet_.*|ritnet|twinlitenet|sinet|extremec3)$/.test(id));
  expect(plain.filter((id) => !families.has(id))).toEqual([]);
});

it('a module of a network that is called ema is no average', async () => {
  const layers = Array.from({ length: 3 }, (_, at) => `layer${at + 1}.ema.conv.weight`);
  const checkpoint = await opened(
    'attention',
    layers.map((key) => [key, [4, 4, 1, 1]] as const),
  );
  expect(checkpoint.assumed).toEqual([]);
  expect(checkpoint.tensors.size).toBe(layers.length);
  checkpoint.close();
});

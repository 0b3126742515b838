import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { encodeModel } from '../../graph/file/write.js';
import type { Value } from '../../graph/ir/value.js';
import { softmax } from '../../graph/ops/unary.js';
import { evaluate } from '../../src/api/evaluate.js';
import { nmode } from '../support/nmode.js';
import { COLOURS, pixelwise, pixelwiseBytes, UNIT } from '../support/pixelwise.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-classes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);
const options = { model: at('m.onnx'), images: at('images'), masks: at('masks') };

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLACK = [0, 0, 0];

async function write(file: string, channels: 1 | 3, rows: readonly (readonly number[])[]): Promise<void> {
  const data = Buffer.from(Array.from({ length: 8 }, () => rows).flat(2));
  await sharp(data, { raw: { width: 8, height: 8, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toFile(file);
}

beforeAll(async () => {
  for (const name of ['images', 'masks']) mkdirSync(at(name));
  const end = (x: Value) => softmax(x, 1);
  writeFileSync(at('m.onnx'), pixelwiseBytes({ ...COLOURS, end, metadata: { 'nmode.recipe': UNIT } }));
  await write(at('images', 'a.png'), 3, [RED, RED, GREEN, GREEN, BLACK, BLACK, BLACK, BLACK]);
  await write(at('masks', 'a.png'), 1, [[1], [1], [2], [0], [0], [0], [1], [255]]);
});

it('counts each class against its label, and means leave the background out', async () => {
  const report = await evaluate({ ...options, ignoreLabel: 255 });
  expect(report.classes).toMatchObject([
    { label: 1, confusion: { tp: 16, fp: 0, fn: 8, tn: 32 }, dsc: 32 / 40 },
    { label: 2, confusion: { tp: 8, fp: 8, fn: 0, tn: 40 }, dsc: 16 / 24 },
    { label: 0, background: true, confusion: { tp: 16, fp: 8, fn: 8, tn: 24 } },
  ]);
  expect(report.dsc).toBeCloseTo((32 / 40 + 16 / 24) / 2);
  expect(report.perImage).toEqual([{ name: 'a.png', dsc: report.dsc }]);
  expect(report).toMatchObject({
    confusion: { tp: 24, fp: 8, fn: 8 },
    truth: { ignoreLabel: 255, ignored: 8 },
  });
  expect(report).not.toHaveProperty('threshold');
});

it('says the figures of each class', () => {
  const run = nmode(
    'eval',
    options.model,
    '--images',
    options.images,
    '--masks',
    options.masks,
    '--ignore-label',
    '255',
  );
  expect(run.stdout).toMatch(
    /class 1 +DSC 0\.8000, IoU 0\.6667, sensitivity 0\.6667, specificity 1\.0000\nclass 2 +DSC 0\.6667, IoU 0\.5000, sens/,
  );
  expect(run.stdout).toMatch(/class 0 +.*\(background, not in the means above\)\n/);
});

it('refuses labels that the model does not give, and one foreground for several classes', async () => {
  await expect(evaluate(options)).rejects.toThrow(
    "a.png: it holds 255, expected the labels of the model's 3 classes, 0 to 2: `ignoreLabel: 255` leaves it out",
  );
  await expect(evaluate({ ...options, truthLabel: 1 })).rejects.toThrow(
    'm.onnx: it gives masks of 2 classes, each of which is compared with its own label in the ground truth: `truthLabel: 1` selects a single foreground',
  );
});

it('names the labels that the model does not give, and no way on that does not work', async () => {
  mkdirSync(at('several'));
  await write(at('several', 'a.png'), 1, [[0], [1], [2], [3], [4], [5], [200], [255]]);
  await expect(evaluate({ ...options, masks: at('several') })).rejects.toThrow(
    /a\.png: it holds 3, 4, 5, 200 and 255, expected the labels of the model's 3 classes, 0 to 2$/,
  );
  await write(at('several', 'a.png'), 1, [[0], [1], [2], [2], [2], [2], [200], [255]]);
  await expect(evaluate({ ...options, masks: at('several'), ignoreLabel: 255 })).rejects.toThrow(
    /it holds 200, expected the labels of the model's 3 classes, 0 to 2$/,
  );
});

it('counts the classes that come where the model does not declare how many', async () => {
  const end = (x: Value) => softmax(x, 1);
  const { graph, ...rest } = pixelwise({ ...COLOURS, end, metadata: { 'nmode.recipe': UNIT } });
  const [output] = graph.outputs;
  const outputs = [
    { name: output?.name ?? '', type: { dtype: 'float32', shape: [1, 'classes', 8, 8] } as const },
  ];
  writeFileSync(at('open.onnx'), encodeModel({ ...rest, graph: { ...graph, outputs } }));
  const { classes } = await evaluate({ ...options, model: at('open.onnx'), ignoreLabel: 255 });
  expect(classes?.map(({ label }) => label)).toEqual([1, 2, 0]);
  // Nor can names be held to it before it runs.
  const named = { ...options, model: at('open.onnx'), ignoreLabel: 255 };
  await expect(evaluate({ ...named, classNames: ['skin', 'vessel'] })).rejects.toThrow(
    'a.png: `classNames`: it names 2 classes, the model gives 3 classes: expected a name for each',
  );
});

describe('one class beside a background', () => {
  const model = at('pair.onnx');
  const report = (file: string, ignoreLabel?: number) =>
    evaluate({ ...options, model, masks: at(file), ...(ignoreLabel !== undefined && { ignoreLabel }) });

  async function truth(folder: string, rows: readonly (readonly number[])[]): Promise<void> {
    mkdirSync(at(folder));
    await write(at(folder, 'a.png'), 1, rows);
  }

  beforeAll(() => {
    const end = (x: Value) => softmax(x, 1);
    const pair = { weights: COLOURS.weights.slice(0, 2), bias: COLOURS.bias.slice(0, 2) };
    const metadata = { 'nmode.recipe': UNIT, 'nmode.background': '0' };
    writeFileSync(model, pixelwiseBytes({ ...COLOURS, ...pair, end, metadata }));
  });

  it('is counted against its label, where the truth is a label map, as against white', async () => {
    await truth('ones', [[1], [0], [0], [0], [0], [0], [1], [0]]);
    await truth('whites', [[255], [0], [0], [0], [0], [0], [255], [0]]);
    const { confusion } = await report('ones');
    expect(confusion).toMatchObject({ tp: 8, fp: 8, fn: 8 });
    expect((await report('whites')).confusion).toEqual(confusion);
    await truth('bordered', [[1], [0], [0], [0], [0], [0], [1], [7]]);
    expect((await report('bordered', 7)).confusion).toEqual({ ...confusion, tn: confusion.tn - 8 });
  });

  it('is not, where a label is not one of the two', async () => {
    await truth('twos', [[1], [2], [0], [0], [0], [0], [0], [0]]);
    await expect(report('twos')).rejects.toThrow(
      /it holds the values 0, 1 and 2, expected a mask of 0 and 255/,
    );
  });
});

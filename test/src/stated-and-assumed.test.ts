import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { parseModel, readModelBytes } from '../../graph/file/read.js';
import { outlineOf } from '../../graph/ir/model.js';
import { sigmoid, softmax } from '../../graph/ops/unary.js';
import { readTruthImage } from '../../runtime/node/images/files.js';
import { optimizeModel } from '../../src/api/optimize.js';
import { predict } from '../../src/api/predict.js';
import { serve } from '../../src/api/serve.js';
import { nmode, pipeNmode } from '../support/nmode.js';
import { COLOURS, pixelwiseBytes, UNIT } from '../support/pixelwise.js';
import { sendTo } from '../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-stated-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);
const KNOWN = { 'nmode.recipe': UNIT };
const RECIPE = ['--recipe', at('unit.json')];

/** Two pixels of each class and two that no class has half of: red, green, black, and a dark olive. */
const PIXELS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 0],
  [110, 104, 0],
];
const CLASS = [1, 2, 0, 1];

beforeAll(async () => {
  mkdirSync(at('images'));
  const data = Buffer.from(Array.from({ length: 64 }, (_, i) => PIXELS[i % 4] ?? []).flat());
  await sharp(data, { raw: { width: 8, height: 8, channels: 3 } })
    .png()
    .toFile(at('images', 'a.png'));
  writeFileSync(at('unit.json'), UNIT);
  const softmaxed = { ...COLOURS, end: (x: Parameters<typeof sigmoid>[0]) => softmax(x, 1) };
  writeFileSync(at('softmax.onnx'), pixelwiseBytes({ ...softmaxed, metadata: KNOWN }));
  const pair = { weights: COLOURS.weights.slice(0, 2), bias: COLOURS.bias.slice(0, 2) };
  writeFileSync(at('pair.onnx'), pixelwiseBytes({ ...softmaxed, ...pair, metadata: KNOWN }));
  writeFileSync(at('logits.onnx'), pixelwiseBytes({ ...COLOURS, metadata: KNOWN }));
  writeFileSync(at('silent.onnx'), pixelwiseBytes({ ...COLOURS, end: sigmoid }));
});

const pixelsOf = async (file: string) =>
  [...(await sharp(file).toColourspace('b-w').raw().toBuffer())].slice(0, 4);

const labelsOf = async (file: string) => [...(await readTruthImage(file)).data].slice(0, 4);

describe('predict', () => {
  it('writes labels by argmax and no mask of the background, and says which class that is', async () => {
    const run = nmode('predict', at('softmax.onnx'), at('images'), '-o', at('out'));
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /classes +3, exclusive: .*; background 0\nassumed +background class 0 \(--background\)\n/,
    );
    expect(readdirSync(at('out'))).toEqual(['a_labels.png', 'a_mask_1.png', 'a_mask_2.png']);
    expect(await labelsOf(at('out', 'a_labels.png'))).toEqual(CLASS);
    expect(await pixelsOf(at('out', 'a_mask_1.png'))).toEqual([255, 0, 0, 255]);
    expect(await pixelsOf(at('out', 'a_mask_2.png'))).toEqual([0, 255, 0, 0]);
  });

  it('numbers files by the values of the label map', async () => {
    const options = { model: at('softmax.onnx'), images: [at('images')], output: at('none') };
    const report = await predict({ ...options, background: 'none', probabilities: 'png16' });
    expect(report).toMatchObject({
      semantics: { kind: 'exclusive', background: 'none', count: 3 },
      assumed: [],
    });
    expect(report.predictions[0]?.classes.map(({ label }) => label)).toEqual([0, 1, 2]);
    const numbered = (kind: string) => [0, 1, 2].map((label) => `a_${kind}_${label}.png`);
    expect(readdirSync(at('none'))).toEqual([
      'a_labels.png',
      ...numbered('mask'),
      ...numbered('probabilities'),
    ]);
  });

  it('of two classes gives one mask, to standard output as well, and takes a threshold', async () => {
    const run = pipeNmode(Buffer.of(), 'predict', at('pair.onnx'), at('images', 'a.png'), '-o', '-');
    expect(run).toMatchObject({ status: 0, stderr: 'note: assumed background class 0 (--background)\n' });
    writeFileSync(at('piped.png'), run.stdout);
    expect(await pixelsOf(at('piped.png'))).toEqual([255, 0, 0, 255]);
    const strict = nmode('predict', at('pair.onnx'), at('images'), '-o', at('t'), '--threshold', '0.9');
    expect(strict.status).toBe(0);
    expect(await pixelsOf(at('t', 'a_mask_1.png'))).toEqual([255, 0, 0, 0]);
    expect(
      nmode('predict', at('softmax.onnx'), at('images'), '-o', at('t'), '--threshold', '0.9'),
    ).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the 3 classes exclude each other'),
    });
  });

  it('says of a model without a recipe what it assumes, or refuses it with --strict-recipe', () => {
    const command = ['predict', at('silent.onnx'), at('images'), '-o', at('silent')];
    const run = nmode(...command);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('assumed   recipe min-max, resized to 8x8 (--recipe)');
    expect(JSON.parse(nmode(...command, '--json').stdout).assumed).toEqual([
      { what: 'recipe', value: 'min-max, resized to 8x8', option: 'recipe' },
    ]);
    expect(nmode(...command, '--strict-recipe')).toMatchObject({
      status: 2,
      stderr: 'nmode: silent.onnx: it has no recipe: set one with --recipe\n',
    });
    expect(nmode(...command, '--strict-recipe', ...RECIPE).stdout).not.toContain('assumed');
  });

  it('of logits is what the head makes of them, and is refused without one', async () => {
    const command = ['predict', at('logits.onnx'), at('images'), '-o', at('logits')];
    expect(nmode(...command)).toMatchObject({
      status: 2,
      stderr:
        'nmode: logits.onnx: it returns logits, not probabilities: convert them with --head softmax where classes exclude each other, as they mostly do, or --head sigmoid where they do not\n',
    });
    expect(nmode(...command, '--head', 'softmax').status).toBe(0);
    expect(await labelsOf(at('logits', 'a_labels.png'))).toEqual(CLASS);
    expect(
      nmode('predict', at('softmax.onnx'), at('images'), '-o', at('x'), '--head', 'softmax'),
    ).toMatchObject({
      status: 2,
      stderr:
        'nmode: softmax.onnx: it ends in a softmax: a --head softmax behind it would change its probabilities\n',
    });
  });
});

describe('what is no softmax over classes', () => {
  it('is refused by the sums of its classes, image by image', async () => {
    const end = (x: Parameters<typeof sigmoid>[0]) => softmax(x, 3);
    writeFileSync(at('rows.onnx'), pixelwiseBytes({ ...COLOURS, end, metadata: KNOWN }));
    const run = nmode('predict', at('rows.onnx'), at('images'), '-o', at('rows'));
    expect(run.status).toBe(3);
    expect(run.stderr).toMatch(
      /the model's 3 classes add up to 0\.\d+ in a pixel, expected 1: its softmax is not over/,
    );
  });
});

describe('optimize', () => {
  it('writes recipe, head and background into the model, and nothing that nobody said', async () => {
    const output = at('optimized.onnx');
    const options = { model: at('logits.onnx'), output, images: at('images') };
    const report = await optimizeModel({ ...options, head: 'softmax', background: 2 });
    expect(report.assumed).toEqual([]);
    const { activation, metadata } = outlineOf(parseModel(await readModelBytes(output), 'optimized'));
    expect(activation).toBe('softmax');
    expect(Object.fromEntries(metadata)).toMatchObject({ 'nmode.head': 'softmax', 'nmode.background': '2' });
    const silent = { model: at('silent.onnx'), output, images: at('images') };
    expect((await optimizeModel(silent)).assumed).toHaveLength(1);
    expect(outlineOf(parseModel(await readModelBytes(output), 'o')).metadata.has('nmode.recipe')).toBe(false);
    await optimizeModel({ ...silent, recipe: { normalization: { kind: 'unit' } } });
    expect(nmode('predict', output, at('images'), '-o', at('after'), '--strict-recipe').status).toBe(0);
    await expect(optimizeModel({ ...silent, head: 'sigmoid' })).rejects.toThrow(/ends in a sigmoid/);
  });
});

describe('serve', () => {
  it('tells in a model’s metadata and with each answer what it assumes', async () => {
    const server = await serve({ models: [at('silent.onnx'), at('softmax.onnx')], port: 0, workers: 1 });
    try {
      const parameters = async (model: string) =>
        (await sendTo(`${server.url}/v2/models/${model}`)).json.parameters;
      const assumed = 'recipe min-max, resized to 8x8 (`recipe`)';
      expect(await parameters('silent')).toMatchObject({ assumed });
      expect(await parameters('softmax')).toEqual({
        recipe: UNIT,
        background: '0',
        assumed: 'background class 0 (`background`)',
      });
      const body = new Uint8Array(await sharp(at('images', 'a.png')).toBuffer());
      const { json } = await sendTo(`${server.url}/v1/models/softmax/segment`, { body });
      expect(json).toMatchObject({
        semantics: { kind: 'exclusive', background: 0 },
        assumed: [{ what: 'background', value: 'class 0', option: 'background' }],
        classes: [
          { label: 1, area: 32 },
          { label: 2, area: 16 },
        ],
      });
    } finally {
      await server.close();
    }
  });

  it('takes heads and recipes, and refuses a model that says neither where it is to be strict', async () => {
    const recipe = { normalization: { kind: 'unit' } } as const;
    const server = await serve({ models: [at('logits.onnx')], port: 0, workers: 1, head: 'softmax', recipe });
    const body = new Uint8Array(await sharp(at('images', 'a.png')).toBuffer());
    const { json } = await sendTo(`${server.url}/v1/segment`, { body });
    await server.close();
    expect(json.classes.map(({ label }: { label: number }) => label)).toEqual([1, 2]);
    await expect(
      serve({ models: [at('silent.onnx')], port: 0, workers: 1, strictRecipe: true }),
    ).rejects.toThrow(/silent: it has no recipe/);
  });
});

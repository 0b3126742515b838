import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { classColour } from '../../runtime/images/class-colours.js';
import { readTruthImage } from '../../runtime/node/images/files.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import type { ExportReport } from '../../src/api/export.js';
import { serve as serveModels } from '../../src/api/serve.js';
import { FOLDERS, inBrowser } from '../support/browser.js';
import { farthest } from '../support/channels.js';
import { launch, serve } from '../support/chromium.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';
import { float32Npy } from '../support/npy.js';
import { sendTo } from '../support/served.js';

/** As `fixtures/labels.py` lists them. */
interface Case {
  readonly classes: number;
  readonly names: readonly string[];
  /** Of the class that is alone, or of the others and then the background. */
  readonly confusions: readonly { readonly label: number; readonly tp: number; readonly fp: number }[];
}

const cases: readonly Case[] = JSON.parse(readFileSync(fixture('labels', 'cases.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'nmode-labels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);
const image = fixture('labels', 'image.png');
const PRECISIONS = ['fp32', 'fp16', 'int8', 'int8-weights'] as const;

const labelsOf = async (file: string | Uint8Array) => [...(await readTruthImage(file)).data];

/** Runs a command that has to succeed, and what it prints as JSON. */
function run(...args: string[]) {
  const { status, stdout, stderr } = nmode(...args, '--json');
  expect({ args, status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout);
}

describe.each(cases)('a network of $classes classes', ({ classes, names, confusions }) => {
  const file = (end: string) => fixture('labels', `${classes}.${end}`);
  const model = at(`${classes}.onnx`);
  /** A mask alone, or a label map of several. */
  const isAlone = confusions.length === 1;
  const foreground = confusions.map(({ label }) => label).filter((label) => isAlone || label > 0);

  let exported: ExportReport;

  beforeAll(() => {
    writeFileSync(at('names.txt'), names.join('\n'));
    writeFileSync(
      at('recipe.json'),
      '{"normalization":{"kind":"unit"},"sizing":{"kind":"resize","height":24,"width":32}}',
    );
    const hints = ['--decoder', 'eed', '--activation', 'gelu', '--recipe', at('recipe.json')];
    const head = classes > 1 ? ['--head', 'softmax', '--background', '0'] : [];
    // The checkpoint of five names them itself.
    const named = classes < 5 ? ['--classes', at('names.txt')] : [];
    exported = run('export', file('pth'), '-o', model, ...hints, ...head, ...named);
    for (const name of ['images', 'masks']) mkdirSync(at(`${name}-${classes}`));
    writeFileSync(at(`images-${classes}`, 'a.png'), readFileSync(image));
    writeFileSync(at(`masks-${classes}`, 'a.png'), readFileSync(file('truth.png')));
  });

  it('is exported with the names of its classes, and is what PyTorch says', () => {
    expect(JSON.parse(exported.architecture['nmode.class_names'] ?? '')).toEqual(names);
    expect(run('verify', model, '--reference', file('io.safetensors'))).toMatchObject({ pass: true });
  });

  it("gives NumPy's probabilities, and Pillow's labels in the colours of its classes", async () => {
    const out = at(`out-${classes}`);
    const report = run('predict', model, image, '-o', out, '--probabilities', 'npy', '--overlay');
    const [found] = report.predictions;
    const probabilities = float32Npy(found.probabilities[0]);
    expect(farthest(probabilities, float32Npy(file('npy')))).toBeLessThanOrEqual(1e-5);
    expect(found.classes.map(({ label, name }: Record<string, unknown>) => [label, name])).toEqual(
      foreground.map((label) => [label, names[classes === 1 ? 0 : label]]),
    );
    const labels = await labelsOf(file('labels.png'));
    for (const [index, label] of foreground.entries()) {
      const mask = await labelsOf(found.masks[index]);
      expect(mask).toEqual(labels.map((value) => (value === label ? 255 : 0)));
    }
    if (classes === 1) return;
    const map = await readTruthImage(found.labels);
    expect([...map.data]).toEqual(labels);
    const colours = foreground.map((_, index) => classColour(index));
    expect(map.palette?.map(({ colour }) => colour)).toEqual([[0, 0, 0], ...colours]);
  });

  it('is counted as NumPy counts, pixels of the ignored label not among them', () => {
    const folders = ['--images', at(`images-${classes}`), '--masks', at(`masks-${classes}`)];
    // A label map of a model of several classes needs no more.
    const reading = [...(classes === 1 ? ['--truth-label', '1'] : []), '--ignore-label', '255'];
    const report = run('eval', model, ...folders, ...reading, '--at', 'image');
    const counted = isAlone
      ? [{ label: 1, ...report.confusion }]
      : report.classes.map(({ label, confusion }: { label: number; confusion: object }) => ({
          label,
          ...confusion,
        }));
    expect(counted).toEqual(confusions);
    expect(report.truth.ignored).toBe(3 * 43);
    if (!isAlone) expect(report.classes[0]).toMatchObject({ name: names[1] });
  });

  it('keeps names and labels in every precision', async () => {
    const labels = await labelsOf(file('labels.png'));
    const told = ['--images', at(`images-${classes}`)];
    for (const precision of PRECISIONS) {
      const lower = at(`${classes}-${precision}.onnx`);
      const calibrate = precision === 'int8' ? ['--calibrate', at(`images-${classes}`)] : [];
      const drop = precision === 'fp32' ? [] : ['--max-dsc-drop', '0.1'];
      run('optimize', model, '-o', lower, '--precision', precision, ...told, ...calibrate, ...drop);
      await using segmenter = await Segmenter.load(lower);
      expect(segmenter.semantics.names).toEqual(names);
      const { labels: map, mask } = await segmenter.segment(image);
      const found = map === undefined ? [...mask.data].map((value) => Number(value > 0)) : [...map.data];
      const differing = found.filter((label, pixel) => label !== labels[pixel]).length;
      expect(differing / labels.length).toBeLessThanOrEqual(precision === 'fp32' ? 0 : 0.05);
    }
  });

  it('is served with its label map and its names', async () => {
    const server = await serveModels({ models: [model], port: 0, workers: 1 });
    const body = new Uint8Array(readFileSync(image));
    const headers = { accept: 'image/png;view=labels' };
    const { bytes } = await sendTo(`${server.url}/v1/segment`, { body, headers });
    const { json } = await sendTo(`${server.url}/v1/segment`, { body });
    const picture = await sendTo(`${server.url}/v1/segment`, { body, headers: { accept: 'image/png' } });
    await server.close();
    expect(await labelsOf(bytes)).toEqual(await labelsOf(file('labels.png')));
    // Without a view, several classes come as one map, and one as its mask.
    if (foreground.length > 1) expect(picture.bytes).toEqual(bytes);
    else expect([...new Set(await labelsOf(picture.bytes))].sort()).toEqual([0, 255]);
    expect(json.semantics.names).toEqual(names);
    expect(json.classes[0].name).toBe(names[classes === 1 ? 0 : 1]);
  });
});

inBrowser('in Chromium', () => {
  it("labels are Pillow's, and classes have their names", async () => {
    const models = cases.map(
      ({ classes }) => [`/${classes}.onnx`, readFileSync(at(`${classes}.onnx`))] as const,
    );
    const host = await serve({ folders: FOLDERS, files: new Map(models) });
    const browser = await launch({ webgpu: false });
    const page = await browser.newPage();
    await page.goto(host.url);
    for (const { classes, names } of cases) {
      const found = await page.evaluate(async (path) => {
        const { Segmenter: WebSegmenter } = await import('/web/index.js');
        const segmenter = await WebSegmenter.load(path, { providers: ['wasm'] });
        const { labels, mask } = await segmenter.segment('/fixtures/labels/image.png');
        await segmenter.close();
        return {
          names: segmenter.semantics.names,
          labels: labels ? [...labels.data] : [...mask.data].map((value) => Number(value > 0)),
        };
      }, `/${classes}.onnx`);
      expect(found).toEqual({ names, labels: await labelsOf(fixture('labels', `${classes}.labels.png`)) });
    }
    await browser.close();
    await host.close();
  });
});

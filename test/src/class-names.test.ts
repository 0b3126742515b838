import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { parseModel, readModelBytes } from '../../graph/file/read.js';
import { softmax } from '../../graph/ops/unary.js';
import { readTruthImage } from '../../runtime/node/images/files.js';
import { evaluate } from '../../src/api/evaluate.js';
import { exportModel } from '../../src/api/export.js';
import { graft } from '../../src/api/graft.js';
import { optimizeModel } from '../../src/api/optimize.js';
import { predict } from '../../src/api/predict.js';
import { serve } from '../../src/api/serve.js';
import { proposeSkips } from '../../src/api/skips.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';
import { COLOURS, pixelwiseBytes, UNIT } from '../support/pixelwise.js';
import { sendTo } from '../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-names-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);
const NAMES = ['skin', 'vessel', 'gland'];
const names = ['--classes', at('names.txt')];
const options = { model: at('silent.onnx'), images: [at('images')], output: at('out') };

const PIXELS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 0],
  [255, 0, 0],
];
const LABELS = [1, 2, 0, 1];

function model(file: string, metadata: Readonly<Record<string, string>> = {}): string {
  const end = (logits: Parameters<typeof softmax>[0]) => softmax(logits, 1);
  const known = { 'nmode.recipe': UNIT, 'nmode.background': '0', ...metadata };
  writeFileSync(at(file), pixelwiseBytes({ ...COLOURS, end, metadata: known }));
  return at(file);
}

async function write(file: string, channels: 1 | 3, row: readonly number[]): Promise<void> {
  const data = Buffer.from(Array.from({ length: (64 * channels) / row.length }, () => row).flat());
  const image = sharp(data, { raw: { width: 8, height: 8, channels } });
  await image
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toFile(file);
}

/** A copy of a safetensors file that says something of itself. */
function withMetadata(file: string, metadata: Readonly<Record<string, string>>): string {
  const bytes = readFileSync(file);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = { ...JSON.parse(bytes.toString('utf8', 8, end)), __metadata__: metadata };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const copy = at(basename(file));
  writeFileSync(copy, Buffer.concat([length, text, bytes.subarray(end)]));
  return copy;
}

const metadataOf = async (file: string) => parseModel(await readModelBytes(file), file).metadata;

beforeAll(async () => {
  for (const name of ['images', 'masks']) mkdirSync(at(name));
  writeFileSync(at('names.txt'), `${NAMES.join('\n')}\n`);
  await write(at('images', 'a.png'), 3, PIXELS.flat());
  await write(at('masks', 'a.png'), 1, [1, 2, 0, 255]);
  model('silent.onnx');
});

describe('predict', () => {
  it('names classes in its table and its JSON, from a file or as the model does', async () => {
    const run = nmode('predict', at('silent.onnx'), at('images'), '-o', at('out'), ...names);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(/ vessel 50\.0 %, gland 25\.0 % /);
    expect(run.stdout).toMatch(/; background 0 \(skin\)\n/);
    const stated = model('stated.onnx', { 'nmode.class_names': JSON.stringify(NAMES) });
    const report = await predict({ ...options, model: stated });
    expect(report.semantics).toEqual({ kind: 'exclusive', background: 0, names: NAMES, count: 3 });
    expect(report.predictions[0]?.classes).toMatchObject([
      { label: 1, name: 'vessel' },
      { label: 2, name: 'gland' },
    ]);
  });

  it('takes the names that other exporters put into a model, and none that do not fit', async () => {
    const semantics = async (file: string) => (await predict({ ...options, model: file })).semantics;
    const foreign = model('foreign.onnx', { names: "{0: 'skin', 1: 'vessel', 2: 'gland'}" });
    expect((await semantics(foreign)).names).toEqual(NAMES);
    const other = model('other.onnx', { names: "{0: 'person', 1: 'bicycle'}" });
    expect(await semantics(other)).not.toHaveProperty('names');
  });

  it('writes a label map that keeps its labels and has the colours of the overlay', async () => {
    await predict({ ...options, classNames: NAMES, overlay: true });
    const map = await readTruthImage(at('out', 'a_labels.png'));
    expect([...map.data.subarray(0, 4)]).toEqual(LABELS);
    expect(map.palette?.map(({ colour }) => colour)).toEqual([
      [0, 0, 0],
      [255, 64, 32],
      [32, 128, 255],
    ]);
    const overlay = await sharp(at('out', 'a_overlay.png')).raw().toBuffer({ resolveWithObject: true });
    expect(overlay.info).toMatchObject({ width: 8, height: 8 + 2 * 11 });
    expect([...overlay.data.subarray(3, 6)]).toEqual([32, 128, 255]);
  });

  it('refuses names that do not fit in a line that says why', async () => {
    const refusal = (text: string | Uint8Array, file = 'wrong.txt') => {
      writeFileSync(at(file), text);
      return nmode('predict', at('silent.onnx'), at('images'), '-o', at('out'), '--classes', at(file));
    };
    expect(refusal('vessel\ngland\n')).toMatchObject({
      status: 2,
      stderr:
        'nmode: silent.onnx: --classes: it names 2 classes, the model gives 3 classes: expected a name for each\n',
    });
    expect(refusal('a\n\nb\n')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${at('wrong.txt')}: class 1 has no name.`),
    });
    expect(refusal(Buffer.from('\ufeffa\nb', 'utf16le')).stderr).toMatch(
      /it is not in UTF-8: save it as such/,
    );
    expect(refusal('{', 'wrong.json').stderr).toMatch(/wrong\.json: .*JSON/);
    expect(refusal('\0'.repeat(300_000)).stderr).toMatch(/it has more than 262144 bytes/);
    const broken = model('broken.onnx', { 'nmode.class_names': '["a"]' });
    await expect(predict({ ...options, model: broken })).rejects.toThrow(
      'broken.onnx: its metadata nmode.class_names: it names 1 class, the model gives 3 classes',
    );
  });
});

describe('eval', () => {
  it('counts each class by its name, ignored pixels not among them', async () => {
    const folders = { images: at('images'), masks: at('masks') };
    const command = ['eval', at('silent.onnx'), '--images', folders.images, '--masks', folders.masks];
    const run = nmode(...command, ...names, '--ignore-label', '255');
    expect(run.stdout).toMatch(/vessel \(1\) +DSC 1\.0000, IoU 1\.0000, .*\ngland \(2\) +DSC 1\.0000/);
    expect(run.stdout).toMatch(/skin \(0\) +.*\(background, not in the means above\)\n/);
    expect(run.stdout).toMatch(/16 pixels of label 255 not counted/);
    const report = await evaluate({
      ...{ model: at('silent.onnx'), ...folders },
      ...{ classNames: NAMES, ignoreLabel: 255 },
    });
    expect(report.classes?.map(({ name }) => name)).toEqual(['vessel', 'gland', 'skin']);
  });

  it('warns of a class that no image has, whose zeros are in the means', async () => {
    for (const name of ['red', 'vessels']) mkdirSync(at(name));
    await write(at('red', 'a.png'), 3, [255, 0, 0]);
    await write(at('vessels', 'a.png'), 1, [1]);
    const folders = { images: at('red'), masks: at('vessels') };
    const { warnings } = await evaluate({ model: at('silent.onnx'), ...folders, classNames: NAMES });
    expect(warnings).toEqual([
      'gland: it is in no mask, and was found in no image: its metrics of 0 are in the means',
    ]);
  });
});

describe('what writes models', () => {
  it('writes the names into them', async () => {
    await optimizeModel({ ...options, images: at('images'), output: at('o.onnx'), classNames: NAMES });
    expect((await metadataOf(at('o.onnx'))).get('nmode.class_names')).toBe(JSON.stringify(NAMES));
    const checkpoint = fixture('cases', 'eed-training-run.zip.pth');
    const known = {
      checkpoint,
      output: at('e.onnx'),
      decoder: 'eed',
      activation: 'gelu',
      head: 'softmax',
    } as const;
    await exportModel({ ...known, classNames: [...NAMES, 'other'] });
    expect((await metadataOf(at('e.onnx'))).get('nmode.class_names')).toBe(
      '["skin","vessel","gland","other"]',
    );
    await expect(exportModel({ ...known, classNames: NAMES })).rejects.toThrow(
      '`classNames`: it names 3 classes, the model gives 4 classes',
    );
  });

  it('takes them from a checkpoint that tells them, and says so', async () => {
    const checkpoint = withMetadata(fixture('cases', 'hd-CR_B.safetensors'), { classes: "['lesion']" });
    const exported = await exportModel({ checkpoint, output: at('n.onnx'), activation: 'gelu' });
    expect(exported.architecture['nmode.class_names']).toBe('["lesion"]');
    expect(exported.notes).toContain('the checkpoint names the classes: lesion');
    const model = fixture('foreign', 'lraspp.onnx');
    const weights = withMetadata(fixture('foreign', 'lraspp-nmode.safetensors'), { names: "{0: 'lesion'}" });
    const { skips } = await proposeSkips(model);
    const grafted = await graft({
      ...{ model, weights, output: at('g.onnx'), skips: skips.map(({ tensor }) => tensor) },
      ...{ decoder: 'eed', activation: 'gelu' },
    });
    expect(grafted.metadata['nmode.class_names']).toBe('["lesion"]');
    expect(nmode('inspect', fixture('labels', '5.pth')).stdout).toMatch(
      /channels +3 in, 5 out \(background, epidermis, vessel, gland, follicle\); the head/,
    );
  });
});

describe('serve', () => {
  it('names classes in answers and metadata, and gives label maps with their colours', async () => {
    const server = await serve({ models: [at('silent.onnx')], port: 0, workers: 1, classNames: NAMES });
    try {
      const { json } = await sendTo(`${server.url}/v2/models/silent`);
      expect(json.parameters.class_names).toBe(JSON.stringify(NAMES));
      const body = new Uint8Array(readFileSync(at('images', 'a.png')));
      const answer = await sendTo(`${server.url}/v1/segment`, { body });
      expect(answer.json).toMatchObject({
        semantics: { names: NAMES },
        classes: [
          { label: 1, name: 'vessel' },
          { label: 2, name: 'gland' },
        ],
      });
      const view = async (name: string) => {
        const headers = { accept: `image/png;view=${name}` };
        return (await sendTo(`${server.url}/v1/segment`, { body, headers })).bytes;
      };
      const map = await readTruthImage(await view('labels'));
      expect([...map.data.subarray(0, 4)]).toEqual(LABELS);
      expect(map.palette).toHaveLength(3);
      expect((await sharp(await view('overlay')).metadata()).height).toBe(8 + 2 * 11);
    } finally {
      await server.close();
    }
  });
});

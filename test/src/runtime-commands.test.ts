import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readReference } from '../../exporters/checkpoints/open.js';
import { confusionOf, diceOf } from '../../runtime/masks/metrics.js';
import { readMask } from '../../runtime/node/images/files.js';
import { fixture } from '../support/fixtures.js';
import { nmode, pipeNmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (...path: string[]) => join(folder, ...path);

const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
const told = ['--decoder', 'eed', '--activation', 'gelu', '--recipe', 'release'];
const photograph = fixture('images', 'ISIC_0000082.jpg');
const [model, imageModel] = [out('model.onnx'), out('image.onnx')];

beforeAll(() => {
  expect(nmode('export', trained, '-o', model, ...told)).toMatchObject({ status: 0, stderr: '' });
  const run = nmode('export', trained, '-o', imageModel, ...told, '--io', 'image');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout).toMatch(/input +uint8 1 x H x W x 3\n/);
});

describe('predict', () => {
  it('tells areas, boxes and counts, and writes the probabilities', async () => {
    const flags = ['--json', '--mm-per-px', '0.1', '--probabilities', 'npy', '--largest-component'];
    const run = nmode('predict', model, photograph, '-o', out('npy'), ...flags);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { predictions, provider, failures } = JSON.parse(run.stdout);
    expect({ provider, failures }).toMatchObject({
      provider: { requested: ['cpu'], effective: 'cpu', attempts: [] },
      failures: [],
    });
    const [{ width, height, classes, timings, ...files }] = predictions;
    const [{ area, coverage, count, components }] = classes;
    expect([width, height, count]).toEqual([512, 512, 1]);
    expect(components).toHaveLength(1);
    expect(area.mm2).toBeCloseTo(area.px / 100);
    expect(coverage).toBeCloseTo(area.px / 512 ** 2);
    expect(timings.total).toBeGreaterThan(timings.inference);
    const mask = await readMask(files.masks[0]);
    expect(mask.data.filter((value) => value !== 0)).toHaveLength(area.px);
    const { x, y, width: wide, height: high } = components[0].box;
    expect(x + wide).toBeLessThanOrEqual(512);
    expect(y + high).toBeLessThanOrEqual(512);
    const npy = readFileSync(files.probabilities[0]);
    expect(npy.subarray(0, 128).toString('latin1')).toMatch(/^\x93NUMPY.*'<f4'.*\(1, 512, 512\)/s);
    expect(npy).toHaveLength(128 + 4 * 512 * 512);
  });

  it('PNG probabilities are 16 bits, and cut where the mask is', async () => {
    const flags = ['--probabilities', 'png16', '--json'];
    const run = nmode('predict', imageModel, photograph, '-o', out('png'), ...flags);
    const [{ probabilities, masks }] = JSON.parse(run.stdout).predictions;
    const { data, info } = await sharp(probabilities[0])
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 512, height: 512, channels: 1, depth: 'ushort' });
    const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
    const mask = await readMask(masks[0]);
    let different = 0;
    for (const [i, value] of mask.data.entries())
      if ((value !== 0) !== (values[i] ?? 0) >= 32768) different++;
    expect(different).toBeLessThanOrEqual(8);
  });

  it('from standard input to standard output: only the mask is there', async () => {
    const run = pipeNmode(readFileSync(photograph), 'predict', model, '-', '-o', '-');
    expect(run).toMatchObject({ status: 0, stderr: 'note: assumed size 256x256 (--size, --native-size)\n' });
    const truth = await readMask(fixture('predicted', 'ISIC_0000082.png'));
    expect(diceOf(confusionOf(await readMask(run.stdout), truth))).toBe(1);
    const named = pipeNmode(readFileSync(photograph), 'predict', model, '-', '-o', out('piped'));
    expect(named.status).toBe(0);
    expect(readdirSync(out('piped'))).toEqual(['stdin_mask.png']);
  });

  it.each([
    [
      'two masks',
      ['predict', model, photograph, fixture('images', 'ISIC_0000552.jpg'), '-o', '-'],
      /takes one mask/,
    ],
    ['an overlay', ['predict', model, photograph, '-o', '-', '--overlay'], /takes one mask/],
    ['a document', ['predict', model, photograph, '-o', '-', '--json'], /not both/],
  ])('standard output does not take %s', (_, args, says) => {
    const run = nmode(...args);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toMatch(says);
  });

  it('names each image that is bad in one line, does the others, and exits 3', async () => {
    mkdirSync(out('bad'));
    const bytes = readFileSync(photograph);
    const png = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: '#a08060' }, limitInputPixels: false })
        .png()
        .toBuffer();
    const frames = [
      await png(3, 3),
      await sharp(await png(3, 3))
        .negate()
        .toBuffer(),
    ];
    const bad: Record<string, Uint8Array> = {
      'truncated.jpg': bytes.subarray(0, 6000),
      'empty.png': new Uint8Array(),
      'bomb.png': await png(20_000, 15_000),
      'animated.webp': await sharp(frames, { join: { animated: true } })
        .webp()
        .toBuffer(),
      'named.png': bytes,
    };
    for (const [name, contents] of Object.entries(bad)) writeFileSync(out('bad', name), contents);
    mkdirSync(out('bad', 'folder.jpg'));
    symlinkSync(out('nowhere'), out('bad', 'unreadable.jpg'));
    writeFileSync(out('bad', 'good.jpg'), bytes);
    const run = nmode('predict', model, out('bad'), '-o', out('done'));
    expect(run.status).toBe(3);
    const lines = run.stderr.trim().split('\n');
    const names = [...Object.keys(bad), 'folder.jpg', 'unreadable.jpg'];
    expect(lines).toHaveLength(names.length + 1);
    for (const name of names)
      expect(lines.filter((line) => line.startsWith(`nmode: ${name}: `))).toHaveLength(1);
    expect(lines.at(-1)).toBe('nmode: 7 of 8 images failed');
    expect(run.stdout).toMatch(/1 segmented on cpu, 7 failed\n$/);
    expect(readdirSync(out('done'))).toEqual(['good_mask.png']);
  });
});

describe('providers', () => {
  it('one that is not there: runs on the next and says so', () => {
    const run = nmode('predict', model, photograph, '-o', out('fallback'), '--provider', 'dml', '--json');
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^warning: ran on cpu; not on dml: onnxruntime-node has it on win32[^\n]*\n$/);
    expect(JSON.parse(run.stdout).provider).toMatchObject({
      requested: ['dml'],
      effective: 'cpu',
      attempts: [{ provider: 'dml', error: expect.any(String) }],
    });
  });

  it('CUDA without its libraries says which, and how to get them', () => {
    const run = nmode('bench', model, '--runs', '2', '--provider', 'cuda', '--strict');
    if (run.status === 0) return;
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(run.stderr).toMatch(/^nmode: model\.onnx: cuda: [^\n]*\n$/);
  });

  it.each(['predict', 'verify', 'eval', 'bench'])('%s takes --provider and --strict', (command) => {
    const rest: Record<string, string[]> = {
      predict: [photograph, '-o', out('never')],
      verify: ['--reference', fixture('trained', 'unet-eed-w16-isic2018.io.safetensors')],
      eval: ['--images', fixture('images'), '--masks', fixture('masks')],
      bench: [],
    };
    const args = [command, model, ...(rest[command] ?? [])];
    const strict = nmode(...args, '--provider', 'dml,cpu', '--strict');
    expect(strict).toMatchObject({ status: 4, stdout: '' });
    expect(strict.stderr).toMatch(/^nmode: (model\.onnx: )?dml: onnxruntime-node has it on win32[^\n]*\n$/);
    const unknown = nmode(...args, '--provider', 'gpu');
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/^nmode: provider 'gpu' is unknown: choose cpu, cuda, [^\n]*\n$/);
  });
});

describe('eval', () => {
  const folders = ['--images', fixture('images'), '--masks', fixture('masks')];
  const expected = JSON.parse(readFileSync(fixture('predicted', 'confusion.json'), 'utf8'));

  it.each(['tensor', 'image'])('counts as PyTorch and the release do, for --io %s', (io) => {
    const run = nmode('eval', io === 'tensor' ? model : imageModel, ...folders, '--json');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const report = JSON.parse(run.stdout);
    const { tp, fp, fn, tn } = expected;
    expect(tp + fp + fn + tn).toBe(6 * 256 * 256);
    for (const key of ['tp', 'fp', 'fn', 'tn']) {
      expect(Math.abs(report.confusion[key] - expected[key])).toBeLessThanOrEqual(1e-4 * expected[key]);
    }
    expect(report.dsc).toBeCloseTo((2 * tp) / (2 * tp + fp + fn), 4);
    expect(report.miou).toBeCloseTo(tp / (tp + fp + fn), 4);
    expect(report).toMatchObject({ images: 6, at: 'network', provider: 'cpu', threshold: 0.5 });
    expect(report.perImage[0]).toEqual({ name: 'ISIC_0000082.jpg', dsc: expect.any(Number) });
    expect(report.perImage).toHaveLength(6);
  });

  it("at each image's own size, with a report that shows the worst", () => {
    const report = out('report.html');
    const run = nmode('eval', model, ...folders, '--at', 'image', '--report', report, '--json');
    const { confusion } = JSON.parse(run.stdout);
    expect(confusion.tp + confusion.fp + confusion.fn + confusion.tn).toBe(6 * 512 * 512);
    const html = readFileSync(report, 'utf8');
    expect(html.match(/<img /g)).toHaveLength(6);
    expect(html.indexOf('ISIC_0012155')).toBeLessThan(html.indexOf('ISIC_0014077'));
    expect(html).not.toMatch(/src="(?!data:)|https?:/);
  });

  it('names what has no partner and what does not fit, counts the others, and exits 3', async () => {
    for (const name of ['pairs', 'truth']) mkdirSync(out(name));
    const mask = readFileSync(fixture('masks', 'ISIC_0000082.png'));
    const image = readFileSync(photograph);
    for (const name of ['a', 'b', 'c']) writeFileSync(out('pairs', `${name}.jpg`), image);
    writeFileSync(out('truth', 'a_segmentation.png'), mask);
    writeFileSync(out('truth', 'c.png'), await sharp(mask).resize(100, 100).toBuffer());
    writeFileSync(out('truth', 'd.png'), mask);
    const run = nmode('eval', model, '--images', out('pairs'), '--masks', out('truth'), '--json');
    expect(run.status).toBe(3);
    expect(JSON.parse(run.stdout)).toMatchObject({ images: 1 });
    const lines = run.stderr.trim().split('\n');
    expect(lines).toEqual([
      'nmode: b.jpg: no mask of its name',
      'nmode: d.png: no image of its name',
      "nmode: c.jpg: it is 512x512, its mask 100x100: expected a mask of the image's size, resize it without blending",
      'nmode: 3 of 4 files were not counted',
    ]);
  });
});

it('recipes: a name, a file, and a file that is none', async () => {
  const recipe = {
    normalization: { kind: 'mean-std', mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    sizing: { kind: 'pad', multiple: 16 },
  };
  writeFileSync(out('recipe.json'), JSON.stringify(recipe));
  const native = out('native.onnx');
  expect(nmode('export', trained, '-o', native, ...told, '--recipe', out('recipe.json'))).toMatchObject({
    status: 0,
  });
  expect(JSON.parse(JSON.parse(nmode('inspect', native, '--json').stdout).metadata['nmode.recipe'])).toEqual(
    recipe,
  );
  const run = nmode('predict', native, photograph, '-o', out('native'), '--json', '--memory-budget', '30');
  expect(JSON.parse(run.stdout).predictions).toHaveLength(1);
  writeFileSync(out('wrong.json'), '{"normalization": {"kind": "unit"}}');
  const wrong = nmode('predict', native, photograph, '-o', out('native'), '--recipe', out('wrong.json'));
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(
    /^nmode: .*a recipe has normalization, expected normalization, sizing[^\n]*\n$/,
  );
  expect(nmode('predict', native, photograph, '-o', out('x'), '--recipe', 'nonsense').status).toBe(2);
  const reference = fixture('trained', 'unet-eed-w16-isic2018.io.safetensors');
  expect((await readReference(reference)).size).toBe(2);
  const verified = nmode(
    'export',
    trained,
    '-o',
    out('v.onnx'),
    ...told,
    '--io',
    'image',
    '--reference',
    reference,
  );
  expect(verified).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/largest difference from the reference \d/),
  });
});

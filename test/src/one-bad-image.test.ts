import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { evaluate } from '../../src/api/evaluate.js';
import { predict } from '../../src/api/predict.js';
import { nmode } from '../support/nmode.js';
import { TINY } from '../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-one-bad-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (...path: string[]) => join(folder, ...path);

const recipe = { normalization: { kind: 'unit' } } as const;
const [images, masks] = [out('images'), out('masks')];
const NAMES = ['a', 'b', 'c', 'd'];
/** That one is black, for which the model gives NaN. */
const BLACK = 'b';

async function write(path: string, level: number, side = 32): Promise<void> {
  const background = { r: level, g: level, b: level };
  writeFileSync(
    path,
    await sharp({ create: { width: side, height: side, channels: 3, background } })
      .png()
      .toBuffer(),
  );
}

const model = (kind: keyof typeof TINY) => {
  const path = out(`${kind}.onnx`);
  writeFileSync(path, TINY[kind]());
  return path;
};

beforeAll(async () => {
  mkdirSync(images);
  mkdirSync(masks);
  for (const name of NAMES) {
    await write(join(images, `${name}.png`), name === BLACK ? 0 : 200);
    await write(join(masks, `${name}.png`), 255);
  }
});

const SAYS = 'b.png: the model gives NaN, expected probabilities from 0 to 1';

describe('one image for which the model gives NaN', () => {
  it('costs predict its own mask only', async () => {
    const report = await predict({ model: model('nan'), images: [images], output: out('nan'), recipe });
    expect(report.predictions.map(({ image }) => image)).toEqual(
      ['a', 'c', 'd'].map((name) => join(images, `${name}.png`)),
    );
    expect(report.failures).toMatchObject([
      { image: join(images, 'b.png'), error: { code: 'BAD_MODEL', message: SAYS } },
    ]);
    expect(readdirSync(out('nan'))).toEqual(['a_mask.png', 'c_mask.png', 'd_mask.png']);
  });

  it('is named by the command, as JSON with its code, and the exit code is 3', () => {
    const run = nmode('predict', model('nan'), images, '-o', out('json'), '--recipe', 'unit', '--json');
    expect(run.status).toBe(3);
    expect(run.stderr).toBe(`nmode: ${SAYS}\nnmode: 1 of 4 images failed\n`);
    const { predictions, failures } = JSON.parse(run.stdout);
    expect(predictions).toHaveLength(3);
    expect(failures).toEqual([{ image: join(images, 'b.png'), code: 'BAD_MODEL', error: SAYS }]);
  });

  it('is not counted by evaluate, and the others are', async () => {
    const report = out('report.html');
    const found = await evaluate({ model: model('nan'), images, masks, recipe, report });
    expect(found).toMatchObject({
      images: 3,
      dsc: 1,
      failures: [{ name: 'b.png', code: 'BAD_MODEL', error: SAYS }],
    });
    expect(readFileSync(report, 'utf8')).toContain(SAYS);
  });
});

describe('what all images fail with alike', () => {
  const wrong =
    /^all 4 images failed, the first: a\.png: the model gives -8\.2\d*, expected probabilities: if these are logits/;

  it('is told once, with its own code', async () => {
    const failing = { code: 'BAD_USAGE', message: expect.stringMatching(wrong) };
    const told = { model: model('logits'), images: [images], output: out('logits'), recipe };
    await expect(predict(told)).rejects.toMatchObject(failing);
    await expect(evaluate({ ...told, images, masks })).rejects.toMatchObject(failing);
    expect(readdirSync(out('logits'))).toEqual([]);
    const run = nmode('predict', model('small'), images, '-o', out('small'), '--recipe', 'unit');
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(run.stderr).toMatch(
      /^nmode: all 4 images failed, the first: a\.png: onnxruntime: .*Reshape node.* cannot be reshaped [^\n]*\n$/,
    );
  });

  it('is told of one image as it is', async () => {
    const told = { model: model('nan'), images: [join(images, 'b.png')], output: out('one'), recipe };
    await expect(predict(told)).rejects.toMatchObject({ code: 'BAD_MODEL', message: SAYS });
  });

  it('is no fault of the model where files are bad', async () => {
    const broken = out('broken');
    mkdirSync(broken);
    for (const name of NAMES) writeFileSync(join(broken, `${name}.png`), 'no image');
    const { predictions, failures } = await predict({
      model: model('nan'),
      images: [broken],
      output: out('none'),
      recipe,
    });
    expect(predictions).toEqual([]);
    expect(failures.map(({ error }) => error.code)).toEqual(NAMES.map(() => 'BAD_IMAGE'));
  });
});

describe('outputs that cannot be written', () => {
  it('for a folder of that name cost their image only, and leave none of its files', async () => {
    const output = out('blocked');
    mkdirSync(join(output, 'c_overlay.png'), { recursive: true });
    const told = { model: model('nan'), images: [images], output, overlay: true, recipe };
    const { predictions, failures } = await predict(told);
    expect(predictions).toHaveLength(2);
    expect(failures.map(({ image, error }) => [image, error.code])).toEqual([
      [join(images, 'b.png'), 'BAD_MODEL'],
      [join(images, 'c.png'), 'CANNOT_WRITE'],
    ]);
    expect(failures[1]?.error.message).toMatch(/c_overlay\.png: cannot be written: it is a folder$/);
    expect(readdirSync(output)).toEqual([
      'a_mask.png',
      'a_overlay.png',
      'c_overlay.png',
      'd_mask.png',
      'd_overlay.png',
    ]);
  });

  it('for a name that is too long cost their image only', async () => {
    const long = out('long');
    mkdirSync(long);
    await write(join(long, `${'x'.repeat(250)}.png`), 200);
    await write(join(long, 'y.png'), 200);
    const { predictions, failures } = await predict({
      model: model('nan'),
      images: [long],
      output: out('short'),
      recipe,
    });
    expect(predictions).toHaveLength(1);
    expect(failures).toMatchObject([
      { error: { code: 'CANNOT_WRITE', message: expect.stringMatching(/its name is too long$/) } },
    ]);
  });

  it('for what lies in the way of all end the run', async () => {
    const output = out('vanishing');
    const told = { model: model('nan'), images: [images], output, recipe };
    const onProgress = (done: number) => {
      if (done === 0) rmSync(output, { recursive: true });
    };
    await expect(predict({ ...told, onProgress })).rejects.toMatchObject({
      code: 'CANNOT_WRITE',
      message: expect.stringMatching(/its folder does not exist$/),
    });
  });
});

it('an image that is taken away during the run, or becomes a folder, costs itself only', async () => {
  const moving = out('moving');
  mkdirSync(moving);
  for (let i = 0; i < 9; i++) await write(join(moving, `${i}.png`), 200);
  const onProgress = (done: number) => {
    if (done !== 1) return;
    rmSync(join(moving, '7.png'));
    rmSync(join(moving, '8.png'));
    mkdirSync(join(moving, '8.png'));
  };
  const { predictions, failures } = await predict({
    model: model('nan'),
    images: [moving],
    output: out('moved'),
    recipe,
    onProgress,
  });
  expect(predictions).toHaveLength(7);
  expect(failures.map(({ error }) => error.message)).toEqual([
    expect.stringMatching(/^7\.png: .*ENOENT: no such file or directory$/),
    expect.stringMatching(/^8\.png: .*it is a folder$/),
  ]);
});

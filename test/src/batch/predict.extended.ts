import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { merge } from '../../../src/api/merge.js';
import { type PredictOptions, predict } from '../../../src/api/predict.js';
import { bytewise } from '../../../src/files/bytewise.js';
import { contentsOf, NAMES, writeImages } from '../../support/batch.js';
import { TINY } from '../../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-batch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);
const images = at('images');
const options = {
  model: at('model.onnx'),
  images: [images],
  recipe: { normalization: { kind: 'unit' } },
} as const;
const shard = (text: string, output: string, more: Partial<PredictOptions> = {}) =>
  predict({ ...options, shard: text, output, ...more });

beforeAll(async () => {
  writeFileSync(options.model, TINY.sound());
  await writeImages(images, NAMES);
  // No image: it fails in whichever shard has it.
  writeFileSync(join(images, 'broken.png'), 'no image');
  await shard('0/1', at('single'));
});

describe('shards', () => {
  it('name their images in the order of bytes', () => {
    const lines = readFileSync(at('single', 'manifest.jsonl'), 'utf8').trim().split('\n').slice(1, -1);
    const names = lines.map((line) => JSON.parse(line).image);
    expect(names).toEqual([...NAMES, 'broken'].map((name) => `${name}.png`).sort(bytewise));
  });

  it.each([2, 3, 12])('of %d, merged, are the files of a single run byte for byte', async (count) => {
    for (let index = 0; index < count; index++)
      await shard(`${index}/${count}`, at(`parts-${count}`, `${index % 2}`));
    const shards = readdirSync(at(`parts-${count}`)).map((name) => at(`parts-${count}`, name));
    const { failures, images: total } = await merge({ shards, output: at(`merged-${count}`) });
    expect(contentsOf(at(`merged-${count}`))).toEqual(contentsOf(at('single')));
    expect(failures).toMatchObject([{ image: 'broken.png', code: 'BAD_IMAGE' }]);
    expect(total).toBe(NAMES.length + 1);
  });

  it('in one folder are merged where they are, and are the whole afterwards', async () => {
    for (const index of [0, 1]) await shard(`${index}/2`, at('one'));
    await merge({ shards: [at('one')], output: at('one') });
    expect(readFileSync(at('one', 'manifest.jsonl'))).toEqual(readFileSync(at('single', 'manifest.jsonl')));
    const { shard: whole, predictions } = await shard('0/1', at('one'));
    expect({ resumed: whole?.resumed, predictions }).toEqual({ resumed: NAMES.length, predictions: [] });
  });
});

describe('a shard that goes on', () => {
  it('does again what was cut, lost or changed, and nothing else', async () => {
    await shard('0/1', at('again'));
    const path = at('again', 'manifest.jsonl');
    // As a killed process leaves it: no last line, a line that is cut, a file that has no name yet.
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, lines.slice(0, 7).join('\n').slice(0, -20));
    writeFileSync(at('again', '.nmode-predict-0-of-1-a.part'), 'half');
    writeFileSync(at('again', '.nmode-predict-0-of-10-a.part'), "another shard's");
    truncateSync(at('again', 'a_mask.png'), 20);
    const mask = readFileSync(at('again', 'B_mask.png'));
    mask[mask.length - 1] = 0;
    writeFileSync(at('again', 'B_mask.png'), mask);
    const { shard: report, predictions } = await shard('0/1', at('again'));
    expect(report?.resumed).toBe(3);
    expect(predictions).toHaveLength(NAMES.length - 3);
    rmSync(at('again', '.nmode-predict-0-of-10-a.part'));
    expect(contentsOf(at('again'))).toEqual(contentsOf(at('single')));
  });

  it('does an image again that has another size now', async () => {
    await writeImages(at('changing'), ['x', 'y']);
    await shard('0/1', at('changed'), { images: [at('changing')] });
    await writeImages(at('changing'), ['x'], 48);
    const { predictions } = await shard('0/1', at('changed'), { images: [at('changing')] });
    expect(predictions.map(({ image, width }) => [image, width])).toEqual([[at('changing', 'x.png'), 48]]);
  });

  it.each([
    ['another list', { images: [at('more')] }, /of another list of images, 2 where this has 9/],
    ['another option', { threshold: 0.25 }, /whose threshold is not given where this one's is 0.25/],
    ['another recipe', { recipe: {} }, /whose recipe is /],
    ['another model', { model: at('other.onnx') }, /whose model is "/],
  ])('is refused with %s', async (_, more, message) => {
    await writeImages(at('more'), ['x', 'y']);
    writeFileSync(at('other.onnx'), TINY.bright());
    await expect(shard('0/1', at('single'), more)).rejects.toThrow(
      _ === 'another list' ? /of another list of images, 9 where this has 2/ : message,
    );
  });

  it('is refused where its folder has another split, which a repeated task of an array would make', async () => {
    await shard('1/4', at('split'));
    await expect(shard('0/1', at('split'))).rejects.toThrow(
      /manifest-1-of-4.jsonl is of another split, into 4/,
    );
    await expect(shard('1/2', at('split'))).rejects.toThrow(/another split/);
  });

  it('is refused among the images, from standard input, and of a folder that is not there', async () => {
    await expect(shard('0/2', images)).rejects.toThrow(/masks among the images/);
    await expect(shard('0/2', '-')).rejects.toThrow(/in place of standard input and output/);
    await expect(shard('0/2', at('x'), { images: [images, at('nowhere')] })).rejects.toThrow(/nowhere/);
  });
});

describe('merge refuses, in one line,', () => {
  const refusal = (...shards: string[]) =>
    merge({ shards, output: at('refused') }).then(
      () => 'nothing',
      (error: Error) => error.message.replaceAll(`${folder}/`, ''),
    );

  beforeAll(async () => {
    await shard('0/2', at('m', 'a'));
    await shard('1/2', at('m', 'b'));
    await shard('1/2', at('m', 'twice'));
    await shard('1/3', at('m', 'third'));
    await shard('1/2', at('m', 'other'), { threshold: 0.3 });
  });

  it.each([
    [['a'], 'no manifest is of shard 1/2: run what is missing, or name its folder as well'],
    [
      ['a', 'b', 'twice'],
      'm/b/manifest-1-of-2.jsonl and m/twice/manifest-1-of-2.jsonl are both of shard 1/2',
    ],
    [['a', 'third'], 'are of splits into 2 and 3, whose images overlap'],
    [['a', 'other'], "whose threshold is 0.3 where this one's is not given"],
    [['a', '../images'], 'images: it holds no manifest of a shard'],
    [['a', 'nowhere'], 'nowhere: cannot be read'],
    [['../model.onnx'], 'model.onnx: it is not in JSON, expected a manifest'],
  ])('%j', async (sources, message) => {
    expect(await refusal(...sources.map((name) => at('m', name)))).toContain(message);
  });

  it('an output that is not as it was written, and a shard that is not finished', async () => {
    const [name = ''] = readdirSync(at('m', 'b')).filter((file) => file.endsWith('.png'));
    const mask = readFileSync(at('m', 'b', name));
    appendFileSync(at('m', 'b', name), 'x');
    expect(await refusal(at('m', 'a'), at('m', 'b'))).toBe(
      `m/b/${name}: it has ${mask.length + 1} bytes, ${mask.length} were written: run its shard again, which writes it anew`,
    );
    rmSync(at('m', 'b', name));
    expect(await refusal(at('m', 'a'), at('m', 'b'))).toContain('it is not there');
    writeFileSync(at('m', 'b', name), mask);
    const path = at('m', 'b', 'manifest-1-of-2.jsonl');
    copyFileSync(path, at('whole'));
    truncateSync(path, readFileSync(path).length - 30);
    expect(await refusal(at('m', 'a'), at('m', 'b'))).toBe(
      'm/b/manifest-1-of-2.jsonl: shard 1/2 is not finished: run it again, and it resumes',
    );
    // A path out of the folder is no output.
    writeFileSync(path, readFileSync(at('whole'), 'utf8').replace(name, `../${name}`));
    expect(await refusal(at('m', 'a'), at('m', 'b'))).toContain('is not finished');
  });
});

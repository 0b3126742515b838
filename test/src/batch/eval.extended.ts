import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { evaluate } from '../../../src/api/evaluate.js';
import { merge } from '../../../src/api/merge.js';
import { NAMES, writeImages } from '../../support/batch.js';
import { TINY } from '../../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);
const options = {
  model: at('model.onnx'),
  images: at('images'),
  masks: at('masks'),
  recipe: { normalization: { kind: 'unit' } },
} as const;
const shard = (text: string, output: string) => evaluate({ ...options, shard: text, output });

const writeMask = (path: string) =>
  sharp(
    Uint8Array.from({ length: 1024 }, (_, place) => (place % 32 < 20 ? 0 : 255)),
    {
      raw: { width: 32, height: 32, channels: 1 },
    },
  )
    .png()
    .toFile(path);

beforeAll(async () => {
  writeFileSync(options.model, TINY.sound());
  await writeImages(options.images, [...NAMES, 'alone']);
  mkdirSync(options.masks);
  for (const name of [...NAMES, 'lost']) await writeMask(join(options.masks, `${name}.png`));
  writeFileSync(at('masks', 'B.png'), 'no image');
});

it('counts of shards, merged, are what one evaluation says of all', async () => {
  const whole = await evaluate(options);
  expect(whole.failures).toHaveLength(3);
  for (const index of [0, 1, 2]) await shard(`${index}/3`, at('counts'));
  const { evaluation } = await merge({ shards: [at('counts')], output: at('counts') });
  expect(JSON.stringify(evaluation)).toBe(JSON.stringify(whole));
  await shard('0/1', at('single'));
  const counts = readFileSync(at('single', 'counts.jsonl'), 'utf8');
  expect(readFileSync(at('counts', 'counts.jsonl'), 'utf8')).toBe(counts);
});

it('a report of all comes from the merged counts, and counts nothing again', async () => {
  await shard('0/1', at('again'));
  const report = at('report.html');
  await expect(evaluate({ ...options, shard: '0/2', output: at('x'), report })).rejects.toThrow(
    /shows the worst of all images: merge the shards/,
  );
  const { shard: done } = await evaluate({ ...options, shard: '0/1', output: at('again'), report });
  expect(done?.resumed).toBe(NAMES.length - 1);
  expect(readFileSync(report, 'utf8')).toContain('<html');
});

it('a shard needs a folder', async () => {
  await expect(evaluate({ ...options, shard: '0/2' })).rejects.toThrow(/expected `output`, a folder/);
});

it('counts and masks are not merged with each other', async () => {
  mkdirSync(at('mixed'));
  const counts = readFileSync(at('counts', 'counts-0-of-3.jsonl'), 'utf8');
  writeFileSync(at('mixed', 'counts-0-of-3.jsonl'), counts);
  writeFileSync(at('mixed', 'manifest-1-of-3.jsonl'), counts.replace('"eval"', '"predict"'));
  await expect(merge({ shards: [at('mixed')], output: at('mixed') })).rejects.toThrow(
    /is of predict, and .* of eval: name the manifests of one/,
  );
});

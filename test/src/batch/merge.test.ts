import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { merge } from '../../../src/api/merge.js';
import { predict } from '../../../src/api/predict.js';
import { contentsOf, NAMES, writeImages } from '../../support/batch.js';
import { TINY } from '../../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-merge-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);

it('two shards, merged, are the files of a single run byte for byte', async () => {
  writeFileSync(at('model.onnx'), TINY.sound());
  await writeImages(at('images'), NAMES);
  const options = {
    model: at('model.onnx'),
    images: [at('images')],
    recipe: { normalization: { kind: 'unit' } },
  } as const;
  await predict({ ...options, shard: '0/1', output: at('single') });
  for (const index of [0, 1]) await predict({ ...options, shard: `${index}/2`, output: at(`${index}`) });
  const { images } = await merge({ shards: [at('1'), at('0')], output: at('merged') });
  expect(images).toBe(NAMES.length);
  expect(contentsOf(at('merged'))).toEqual(contentsOf(at('single')));
});

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import { furnish, makeClone } from '../support/clone.js';
import { blocksBy } from '../support/doc-blocks.js';
import { exported, fixture } from '../support/fixtures.js';

const clone = makeClone();
beforeAll(async () => {
  await furnish(clone);
  const classes = {
    decoder: 'original',
    head: 'softmax',
    size: { batch: 1, height: 64, width: 64 },
  } as const;
  const model = await exported(fixture('cases', 'original-classes4.zip.pth'), classes);
  writeFileSync(join(clone.folder, 'classes.onnx'), model);
});
afterAll(() => clone.remove());

/** The segmenter of the page's first program, which those below it go on with; of several classes where labels are drawn. */
function segmenterFor(code: string): string {
  if (!code.includes('segmenter.') || /const segmenter|using segmenter/.test(code)) return '';
  const model = code.includes('labelPalette') ? 'classes.onnx' : 'model.onnx';
  return `import { Segmenter } from 'nmode-onnx';\nawait using segmenter = await Segmenter.load('${model}');\n`;
}

/** A port that is free, and a training that is short. */
const here = (code: string) =>
  code
    .replace('port: 8000', 'port: 0')
    .replace("output: 'slim.onnx',", "output: 'slim.onnx', steps: 20, force: true,");

const programs = blocksBy('programs');

it.each(programs.map((block) => [`${block.page} line ${block.line}`, block] as const))(
  '%s runs',
  (_, block) => {
    const { code } = transformSync(segmenterFor(block.code) + here(block.code), {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
    });
    writeFileSync(join(clone.folder, 'program.mjs'), code);
    const { status, stderr } = spawnSync(process.execPath, ['program.mjs'], {
      cwd: clone.folder,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  },
);

it('they have written what they say', () => {
  const written = [
    'mask.png',
    'overlay.png',
    'outline.png',
    'labels.png',
    'slim.onnx',
    'grafted.onnx',
    'integers.onnx',
  ];
  expect(written.filter((name) => !existsSync(join(clone.folder, name)))).toEqual([]);
});

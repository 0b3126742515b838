/** Protects memory from images whose answers are not made yet: what is drawn keeps its place. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { encodeModel } from '../../../graph/file/write.js';
import { input } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import { ServedModel } from '../../../runtime/server/served-model.js';
import { fixture } from '../../support/fixtures.js';
import { modelOf } from '../../support/graph.js';
import { COLOURS, pixelwiseBytes, UNIT } from '../../support/pixelwise.js';

const OPTIONS = { workers: 1, threads: 1, maxQueue: 64, maxBatch: 1, maxDelay: 0, maxElements: 2 ** 20 };

it.each([
  ['input', 'int64', 'float32', "input 'x' is int64, expected float32, float16, uint8, uint16"],
  ['output', 'float32', 'int64', "output 'y' is int64, expected float32"],
] as const)(
  'an %s of another element type than the protocol carries is refused when a model loads',
  async (_, from, to, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'nmode-served-'));
    const path = join(folder, 'm.onnx');
    const x = input('x', from, [1, 2]);
    writeFileSync(path, encodeModel(modelOf([x], { y: cast(x, to) })));
    try {
      await expect(ServedModel.load('m', path, OPTIONS, {})).rejects.toMatchObject({
        code: 'BAD_MODEL',
        message,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

it('makes as many answers at a time as images are in progress', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-served-'));
  const path = join(folder, 'm.onnx');
  writeFileSync(path, pixelwiseBytes({ ...COLOURS, metadata: { 'nmode.recipe': UNIT } }));
  const inputSpec = { head: 'softmax' } as const;
  const model = await ServedModel.load('m', path, { ...OPTIONS, inputSpec }, {});
  try {
    const photograph = readFileSync(fixture('images', 'ISIC_0000082.jpg'));
    let [begun, most] = [0, 0];
    const answers: (() => void)[] = [];
    const all = Array.from({ length: 6 }, (_, index) =>
      model.segment(photograph, {}, async () => {
        most = Math.max(most, ++begun);
        await new Promise<void>((resolve) => answers.push(resolve));
        begun--;
        return index;
      }),
    );
    const together = model.segmenter?.imagesAtOnce ?? 0;
    while (begun < together) await new Promise((resolve) => setTimeout(resolve, 5));
    const freeing = setInterval(() => answers.shift()?.(), 5);
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4, 5]);
    clearInterval(freeing);
    expect(most).toBe(together);
    expect(together).toBeLessThan(6);
  } finally {
    await model.retire(0);
    rmSync(folder, { recursive: true });
  }
});

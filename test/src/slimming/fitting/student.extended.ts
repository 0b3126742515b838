/** A student is a model like any other: each command takes it, in float32 and in int8, and the browser has the masks that Node has. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeSafetensors } from '../../../../exporters/checkpoints/write-safetensors.js';
import { uniform } from '../../../../graph/common/random.js';
import { float32Tensor } from '../../../../graph/ir/tensor.js';
import { RELEASE_SIDE } from '../../../../graph/recipe/recipe.js';
import type { Mask } from '../../../../runtime/common/raster.js';
import { confusionOf, diceOf } from '../../../../runtime/masks/metrics.js';
import { readMask } from '../../../../runtime/node/images/files.js';
import { Segmenter } from '../../../../runtime/node/segmenter.js';
import { createSession } from '../../../../runtime/node/sessions/session.js';
import { serve as serveModels } from '../../../../src/api/serve.js';
import { FOLDERS, inBrowser } from '../../../support/browser.js';
import { launch, serve } from '../../../support/chromium.js';
import { fixture } from '../../../support/fixtures.js';
import { nmode } from '../../../support/nmode.js';
import { sendTo } from '../../../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-student-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);

const PHOTOGRAPH = 'ISIC_0000082';
/** Milliseconds that a busy machine may take. */
const LONG = 600_000;
const [student, weights, int8] = [at('student.onnx'), at('student.safetensors'), at('student-int8.onnx')];

/** Runs a command that has to succeed, and what it prints as JSON. */
function run(...args: string[]) {
  const { status, stdout, stderr } = nmode(...args, '--json');
  expect({ args, status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout);
}

async function maskOf(model: string): Promise<Mask> {
  await using segmenter = await Segmenter.load(model);
  return (await segmenter.segment(fixture('images', `${PHOTOGRAPH}.jpg`))).mask;
}

beforeAll(() => {
  const of = ['--images', fixture('slim', 'images'), '--recipe', 'release'];
  const brief = ['--steps', '200', '--no-augment', '--no-int8'];
  run('slim', fixture('slim', 'teacher.pth'), '-o', student, '--save-weights', weights, ...of, ...brief);
  run('optimize', student, '-o', int8, '--precision', 'int8', '--calibrate', fixture('slim', 'images'));
}, LONG);

describe('a student', () => {
  it('verifies against the graph of its state dict that nothing rewrote', async () => {
    const plain = at('plain.onnx');
    const told = ['--decoder', 'eed', '--activation', 'gelu', '--optimize', 'none'];
    run('export', weights, '-o', plain, ...told);
    await using session = await createSession(plain);
    const [dims, next] = [[1, 3, RELEASE_SIDE, RELEASE_SIDE], uniform(1)];
    const data = Float32Array.from({ length: 3 * RELEASE_SIDE ** 2 }, () => 255 * next());
    const { mask } = await session.run({ input: { dims, data } });
    if (mask?.type !== 'float32') throw new TypeError('no mask');
    const reference = at('reference.safetensors');
    const tensors = { input: float32Tensor(dims, data), mask: float32Tensor(mask.dims, mask.data) };
    writeFileSync(reference, encodeSafetensors(new Map(Object.entries(tensors))));
    expect(run('verify', student, '--reference', reference)).toMatchObject({ pass: true });
  });

  it('is counted in int8 as in float32', () => {
    const folders = ['--images', fixture('images'), '--masks', fixture('masks')];
    const [whole, lower] = [student, int8].map((model) => run('eval', model, ...folders).dsc);
    expect(whole).toBeGreaterThan(0.8);
    expect(Math.abs(whole - lower)).toBeLessThan(0.02);
  });

  it.each(['student', 'int8'])(
    '%s: predict and serve give the masks that the library gives',
    async (which) => {
      const model = which === 'student' ? student : int8;
      const { data: expected } = await maskOf(model);
      const photograph = fixture('images', `${PHOTOGRAPH}.jpg`);
      const [found] = run('predict', model, photograph, '-o', at(`masks-${which}`)).predictions;
      expect((await readMask(found.masks[0])).data).toEqual(expected);
      const server = await serveModels({ models: [model], port: 0, workers: 1, deadlineMs: LONG });
      const { bytes, status } = await sendTo(`${server.url}/v1/segment`, {
        body: new Uint8Array(readFileSync(photograph)),
        headers: { accept: 'image/png' },
      });
      await server.close();
      expect(status).toBe(200);
      writeFileSync(at('served.png'), bytes);
      expect((await readMask(at('served.png'))).data).toEqual(expected);
    },
    LONG,
  );
});

inBrowser('in Chromium', () => {
  it(
    'a student has the masks that it has in Node, in int8 as well',
    async () => {
      const files = new Map([student, int8].map((path, index) => [`/${index}.onnx`, readFileSync(path)]));
      const host = await serve({ folders: FOLDERS, files });
      const browser = await launch({ webgpu: false });
      const page = await browser.newPage();
      await page.goto(host.url);
      for (const [index, path] of [student, int8].entries()) {
        const found = await page.evaluate(
          async ([model, photograph]) => {
            const { Segmenter: WebSegmenter } = await import('/web/index.js');
            const segmenter = await WebSegmenter.load(String(model), { providers: ['wasm'] });
            const { mask } = await segmenter.segment(String(photograph));
            await segmenter.close();
            return { ...mask, data: [...mask.data] };
          },
          [`/${index}.onnx`, `/fixtures/images/${PHOTOGRAPH}.jpg`],
        );
        const mask = { ...found, data: Uint8Array.from(found.data) };
        expect(diceOf(confusionOf(mask, await maskOf(path)))).toBeGreaterThan(0.999);
      }
      await browser.close();
      await host.close();
    },
    LONG,
  );
});

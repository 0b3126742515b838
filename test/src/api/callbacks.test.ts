/** A callback of a program that is async and rejects would end the process as an unhandled rejection: the call rejects instead. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as node from '../../../src/index.js';
import { NAMES, writeImages } from '../../support/batch.js';
import { Declarations } from '../../support/declarations.js';
import { fixture, root } from '../../support/fixtures.js';
import { TINY } from '../../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-callbacks-'));
const at = (...path: string[]) => join(folder, ...path);
const [model, images, output] = [at('sound.onnx'), at('images'), at('output.onnx')];
const recipe = { normalization: node.NORMALIZATIONS.unit } as const;

let segmenter: node.Segmenter;
let session: node.Session;
beforeAll(async () => {
  writeFileSync(model, TINY.sound());
  await writeImages(images, NAMES);
  await node.predict({ model, images: [images], recipe, shard: '0/1', output: at('shard') });
  [segmenter, session] = [await node.Segmenter.load(model, { recipe }), await node.createSession(model)];
});
afterAll(async () => {
  await Promise.all([segmenter.close(), session.close()]);
  rmSync(folder, { recursive: true });
});

const gone = new Error('the disk is full');
const rejecting = async () => {
  throw gone;
};
const onProgress = rejecting;
const photographs = fixture('images');
const checkpoint = fixture('cases', 'original-transposed.zip.pth');
const x = () => ({ input: { dims: [1, 3, 32, 32], data: new Float32Array(3 * 32 * 32) } });

/** A call with each callback of each function and method that takes one. */
const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  'compare onProgress': () => node.compare({ backbones: ['unet'], width: 2, time: true, onProgress }),
  'createSession onProgress': () => node.createSession(model, { onProgress }),
  'evaluate onProgress': () =>
    node.evaluate({ model, recipe, images: photographs, masks: fixture('masks'), onProgress }),
  'exportModel onProgress': () =>
    node.exportModel({ checkpoint, output, level: 'latency', images: photographs, onProgress }),
  'graft onProgress': async () => {
    const file = fixture('foreign', 'lraspp.onnx');
    const skips = (await node.proposeSkips(file)).skips.map(({ tensor }) => tensor);
    await node.graft({
      model: file,
      skips,
      decoder: 'lmd',
      init: true,
      output,
      ...{ level: 'standard', images: photographs },
      onProgress,
    });
  },
  'merge onProgress': () => node.merge({ shards: [at('shard')], output: at('merged'), onProgress }),
  'optimizeModel onProgress': () =>
    node.optimizeModel({ model, output, level: 'latency', images: photographs, onProgress }),
  'predict onProgress': () =>
    node.predict({ model, recipe, images: [images], output: at('masks'), onProgress }),
  'Segmenter.load onProgress': () => node.Segmenter.load(model, { recipe, onProgress }),
  'Segmenter#segment onRun': () => segmenter.segment(join(images, '9.png'), { onRun: rejecting }),
  'Segmenter#segmentAll onRun': () =>
    segmenter.segmentAll([join(images, '9.png')], { onRun: rejecting }).next(),
  'serve onProgress': () => node.serve({ models: [model], port: 0, onProgress }),
  'Session#run onStart': () => session.run(x(), { onStart: rejecting }),
  'Session#run onSpent': () => session.run(x(), { transfer: true, onSpent: rejecting }),
  'verify onProgress': () => node.verify({ model, reference: model, onProgress }),
  'slim onProgress': () =>
    node.slim({
      network: fixture('release', 'unet_original.pth'),
      images: photographs,
      output,
      onProgress,
    }),
};

it.each(Object.entries(CALLS))('%s', async (_, call) => {
  await expect(call()).rejects.toBe(gone);
});

it('one that never ends is waited for until the signal aborts, and a session goes on', async () => {
  const never = () => new Promise<void>(() => {});
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = session.run(x(), { onStart: never, signal });
  const opening = node.createSession(model, { onProgress: never, signal });
  setTimeout(() => controller.abort(gone), 200);
  await expect(waiting).rejects.toBe(gone);
  await expect(opening).rejects.toBe(gone);
  await expect(session.run(x())).resolves.toHaveProperty('mask');
});

it('bench onProgress', () => {
  const program = `
    import { bench } from 'nmode-onnx';
    const onProgress = async () => { throw new Error('the disk is full'); };
    await bench({ models: [process.argv[1]], onProgress }).catch(({ message }) => console.log(message));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, model], {
    cwd: root,
  });
  expect(String(stdout)).toBe('the disk is full\n');
});

it('are all that the declarations have', () => {
  const file = join(root, 'dist/src/index.d.ts');
  const declarations = new Declarations(join(root, 'dist'), [file]);
  const found = declarations
    .doorsOf(file)
    // Base classes and interfaces that the others are of.
    .filter(({ owner }) => owner !== 'BaseSegmenter' && owner !== 'SharedSession')
    .flatMap(({ owner, name, options }) =>
      options
        .filter((option) => /^on[A-Z]/.test(option))
        .map((option) => `${owner === undefined ? '' : `${owner}#`}${name} ${option}`),
    );
  declarations.close();
  expect([...Object.keys(CALLS), 'bench onProgress'].sort()).toEqual([...new Set(found)].sort());
});

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { encodeModel } from '../../../graph/file/write.js';
import { ints } from '../../../graph/ir/attribute.js';
import { assumptionsIn, ofPreparation } from '../../../graph/recipe/assumption.js';
import { loadModel } from '../../../runtime/node/model.js';
import { exportModel } from '../../../src/api/export.js';
import { slim } from '../../../src/api/slim.js';
import { root } from '../../support/fixtures.js';
import { node } from '../../support/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-slim-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (...path: string[]) => join(root, 'fixtures', ...path);
const SIZE = { height: 64, width: 64 } as const;
const SHORT = { images: fixture('images'), size: SIZE, holdOut: 0.3, threads: 1, int8: false } as const;
const TEACHER = fixture('slim/teacher.pth');
const EXAMPLE = {
  ...{ network: TEACHER, images: fixture('slim/images'), threads: 2 },
  augment: false,
} as const;

/** A network of seeded weights. */
const RANDOM = { ...SHORT, augment: false, network: fixture('release/unet_original.pth') } as const;

it.each(SOLVER_IDS)(
  '%s learns what the bundled network knows',
  async (decoder) => {
    const report = await slim({
      ...{
        ...EXAMPLE,
        decoder,
        output: join(folder, `${decoder}.onnx`),
        steps: 200,
        int8: decoder === 'eed',
      },
      ...(decoder === 'eed' && { report: join(folder, 'report.html') }),
    });
    expect(report.student.agreement?.mean).toBeGreaterThan(0.9);
    expect(report.looks.length).toBeGreaterThan(1);
    if (decoder !== 'eed') return;
    expect(report.teacherInt8?.agreement?.mean).toBeGreaterThan(0.95);
    const page = readFileSync(join(folder, 'report.html'), 'utf8');
    expect(page.match(/<figure>/g)).toHaveLength(6);
  },
  600_000,
);

it('puts one on the proposed tensors of an .onnx model, in another size than square', async () => {
  const output = join(folder, 'of-model.onnx');
  const size = { height: 64, width: 96 };
  const network = fixture('foreign/unet.onnx');
  const report = await slim({ ...SHORT, network, output, size, steps: 12, decoder: 'hd', force: true });
  expect(report.notes.join()).toContain('the decoder stands on the proposed tensors /inc/');
  expect(report.assumed.map(({ option }) => option)).toEqual(['recipe']);
  const { metadata } = (await loadModel(output)).model;
  expect(metadata.get('nmode.decoder')).toBe('hd');
  expect(JSON.parse(metadata.get('nmode.recipe') ?? '').sizing).toEqual({ kind: 'resize', ...size });
}, 600_000);

it.each([
  ['foreign/unet.onnx', 'recipe'],
  ['slim/teacher.pth', 'size'],
])(
  'of %s assumes the size alone where the recipe is said',
  async (file, option) => {
    const output = join(folder, 'sized.onnx');
    const { size: _, ...short } = SHORT;
    const recipe = { normalization: { kind: 'unit' } } as const;
    await slim({ ...short, network: fixture(file), output, recipe, steps: 7, force: true });
    const stated = ofPreparation(assumptionsIn((await loadModel(output)).model.metadata));
    expect(stated).toEqual([{ what: 'size', value: '256x256', option, verified: false }]);
  },
  600_000,
);

it('agrees with a checkpoint just as with the .onnx file that it is exported to', async () => {
  const exported = join(folder, 'exported.onnx');
  await exportModel({ checkpoint: TEACHER, output: exported, size: { batch: 1, height: 256, width: 256 } });
  const [output, steps] = [join(folder, 'of-export.onnx'), 120];
  const report = await slim({ ...EXAMPLE, network: exported, output, steps, int8: false });
  expect(report.student.agreement?.mean).toBeGreaterThan(0.7);
  // The recipe is the exported model's own, which its export assumed.
  expect((await loadModel(output)).model.metadata.get('nmode.backbone')).toBe('unet');
}, 600_000);

it.each(['softmax', 'sigmoid'] as const)(
  'several classes of a %s, with masks of some images',
  async (head) => {
    const output = join(folder, `${head}.onnx`);
    const network = fixture('cases/original-classes4.zip.pth');
    const report = await slim({ ...SHORT, network, output, head, steps: 20, force: true });
    const { metadata } = (await loadModel(output)).model;
    expect([metadata.get('nmode.classes'), metadata.get('nmode.head')]).toEqual(['4', head]);
    expect(metadata.get('nmode.background')).toBe(head === 'softmax' ? '0' : undefined);
    expect(report.losses.every(Number.isFinite)).toBe(true);
  },
  600_000,
);

it('learns from masks as well, and refuses a student that is too far below its teacher', async () => {
  const output = join(folder, 'masks.onnx');
  const options = { ...SHORT, network: fixture('slim/teacher.pth'), masks: fixture('masks'), output };
  const report = await slim({ ...options, steps: 20, force: true });
  expect(report.teacher.truth?.perImage).toHaveLength(report.images.test);
  expect(report.student.truth?.dsc).toBeGreaterThan(0);
  const strict = {
    ...options,
    output: join(folder, 'strict.onnx'),
    steps: 7,
    minAgreement: 0,
    maxDscDrop: 0,
  };
  const { code, message } = await slim(strict).then(
    () => ({ code: 'none', message: 'below its teacher' }),
    (error) => error,
  );
  // Nobody knows which is better on one image; where it is refused, it is for that.
  expect(['none', 'CHECK_FAILED']).toContain(code);
  expect(message).toContain('below its teacher');
}, 600_000);

it('tells masks that belong to no image, and learns from none that is in the folder of the images', async () => {
  const together = join(folder, 'together');
  mkdirSync(together);
  const photographs = readdirSync(SHORT.images).filter((file) => file.endsWith('.jpg'));
  for (const file of photographs) copyFileSync(join(SHORT.images, file), join(together, file));
  const [first = '', second = ''] = photographs.map((file) => file.replace('.jpg', ''));
  const mask = (name: string) => fixture('masks', `${name}.png`);
  copyFileSync(mask(first), join(together, `${first}_mask.png`));
  copyFileSync(mask(second), join(together, 'stranger_mask.png'));
  const report = await slim({
    ...{ ...SHORT, network: TEACHER, images: together, masks: together, augment: false },
    ...{ output: join(folder, 'together.onnx'), steps: 7, force: true },
  });
  const { train, heldOut, test } = report.images;
  expect(train + heldOut + test).toBe(photographs.length);
  expect(report.failures.map(({ error }) => error)).toEqual(['stranger_mask.png: no image of its name']);
}, 600_000);

it('keeps what is beyond the memory in a file, and comes to the same bytes', async () => {
  const options = { ...SHORT, network: fixture('release/unet_original.pth'), steps: 20, force: true };
  const [within, beyond] = [join(folder, 'within.onnx'), join(folder, 'beyond.onnx')];
  await slim({ ...options, output: within });
  await slim({ ...options, output: beyond, memoryBudget: 200_000 });
  expect(readFileSync(beyond)).toEqual(readFileSync(within));
  expect(readdirSync(folder).filter((file) => file.endsWith('.features'))).toEqual([]);
}, 600_000);

it('one channel, of the bundled grey network', async () => {
  const grey = join(folder, 'grey.onnx');
  const checkpoint = fixture('trained/unet-eed-w8-grey-isic2018.pth');
  await exportModel({ checkpoint, output: grey, decoder: 'eed', activation: 'gelu', grey: 'luma' });
  const options = { ...SHORT, network: grey, output: join(folder, 'of-grey.onnx'), steps: 30 };
  const { size: _, ...own } = options;
  await expect(slim({ ...own, decoder: 'lmd' })).rejects.toMatchObject({ code: 'BAD_USAGE' });
  const report = await slim({ ...own, decoder: 'lmd', force: true });
  expect(report.student.agreement?.mean).toBeGreaterThan(0.5);
  expect(statSync(options.output).size).toBeGreaterThan(0);
}, 600_000);

it('goes on where it was interrupted, to the same bytes', async () => {
  const options = { ...RANDOM, steps: 20, force: true };
  const [whole, parts] = [join(folder, 'whole.onnx'), join(folder, 'parts.onnx')];
  await slim({ ...options, output: whole });
  const state = `${parts}.state.safetensors`;
  // Once among the steps on statistics of batches, once behind them.
  for (const end of [2, 13]) {
    const controller = new AbortController();
    const interrupted = slim({
      ...{ ...options, output: parts, resume: end > 2, signal: controller.signal },
      onProgress: (progress) => {
        if (progress.phase === 'fitting' && progress.step === end) controller.abort(new Error('enough'));
      },
    });
    await expect(interrupted).rejects.toThrow('enough');
    expect(existsSync(state)).toBe(true);
    expect(existsSync(parts)).toBe(false);
  }
  // Another training has another state.
  await expect(slim({ ...options, output: parts, resume: true, seed: 1 })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining("another training, whose seed is 0 where this one's is 1"),
  });
  await slim({ ...options, output: parts, resume: true });
  expect(readFileSync(parts)).toEqual(readFileSync(whole));
  expect(existsSync(state)).toBe(false);
}, 60_000);

it('goes on with the same images by what is in them, and with the minutes that it was to take', async () => {
  const images = join(folder, 'images');
  cpSync(fixture('images'), images, { recursive: true });
  const controller = new AbortController();
  const options = { ...RANDOM, images, output: join(folder, 'changed.onnx'), force: true };
  const interrupted = slim({
    ...{ ...options, steps: 20, signal: controller.signal },
    onProgress: ({ phase }) => phase === 'fitting' && controller.abort(new Error('enough')),
  });
  await expect(interrupted).rejects.toThrow('enough');
  await expect(slim({ ...options, minutes: 1, resume: true })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining("whose minutes is none where this one's is 1"),
  });
  const [first, second] = readdirSync(images).filter((file) => file.endsWith('.jpg'));
  copyFileSync(join(images, String(first)), join(images, String(second)));
  await expect(slim({ ...options, steps: 20, resume: true })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining('another training, of other images'),
  });
}, 60_000);

it('compares with a teacher whose masks are coarser than its input', async () => {
  const [network, output] = [join(folder, 'coarse.onnx'), join(folder, 'of-coarse.onnx')];
  const { model } = await loadModel(fixture('foreign/unet.onnx'));
  const { graph } = model;
  const [mask, ...others] = graph.outputs;
  if (mask === undefined) throw new TypeError('no output');
  const halves = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  const outputs = [
    { name: 'coarse', type: { dtype: 'float32', shape: [1, 1, 'h', 'w'] } },
    ...others,
  ] as const;
  const nodes = [...graph.nodes, node('AveragePool', [mask.name], ['coarse'], halves)];
  writeFileSync(network, encodeModel({ ...model, graph: { ...graph, nodes, outputs } }));
  const report = await slim({ ...SHORT, network, output, steps: 12, augment: false, force: true });
  expect(report.student.agreement?.perImage).toHaveLength(1);
  expect(existsSync(output)).toBe(true);
}, 600_000);

it('asks for the head of an .onnx model that ends in logits, and takes it', async () => {
  const [network, output] = [join(folder, 'logits.onnx'), join(folder, 'of-logits.onnx')];
  await exportModel({
    checkpoint: RANDOM.network,
    output: network,
    head: 'none',
    size: { batch: 1, ...SIZE },
  });
  await expect(slim({ ...SHORT, augment: false, network, output, steps: 8 })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining('it returns logits, not probabilities'),
  });
  await slim({ ...SHORT, augment: false, network, output, steps: 8, head: 'sigmoid', force: true });
  expect((await loadModel(output)).model.metadata.get('nmode.head')).toBe('sigmoid');
}, 60_000);

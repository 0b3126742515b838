import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { encodeSafetensors } from '../../../exporters/checkpoints/write-safetensors.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float32Tensor, float32Values, type Tensor } from '../../../graph/ir/tensor.js';
import { type LoadedModel, loadModel } from '../../../runtime/node/model.js';
import { exportModel } from '../../../src/api/export.js';
import { slim } from '../../../src/api/slim.js';
import type { SlimOptions, SlimProgress } from '../../../src/slimming/slim-options.js';
import { root } from '../../support/fixtures.js';
import { node } from '../../support/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-slim-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (...path: string[]) => join(root, 'fixtures', ...path);
const SHORT = {
  ...{ images: fixture('images'), size: { height: 64, width: 64 } },
  ...{ holdOut: 0.3, threads: 1, int8: false, augment: false },
} as const;
const CHECKPOINT = { ...SHORT, network: fixture('release/unet_original.pth') };

it('puts a decoder into the network of a checkpoint, which is exported again by its state dict', async () => {
  const [output, saveWeights] = [join(folder, 'slim.onnx'), join(folder, 'student.safetensors')];
  const images = mkdtempSync(join(tmpdir(), 'nmode-slim-images-'));
  cpSync(SHORT.images, images, { recursive: true });
  // What is named as a mask is no image to learn from.
  cpSync(fixture('masks', 'ISIC_0000082.png'), join(images, 'ISIC_0000082_mask.png'));
  const photograph = sharp(join(images, 'ISIC_0000082.jpg')).ensureAlpha(0.5);
  await photograph.toFile(join(images, 'ISIC_0000082.png'));
  rmSync(join(images, 'ISIC_0000082.jpg'));
  const report = await slim({ ...CHECKPOINT, images, output, saveWeights, steps: 30, minAgreement: 0.5 });
  rmSync(images, { recursive: true });
  expect(report.warnings).toEqual(['ISIC_0000082.png: its alpha channel is left out']);
  expect(report.notes).toContain(
    `ignored in ${images}, as masks of other images by their names: ISIC_0000082_mask.png; \`masks: '${images}'\` uses them`,
  );
  expect(report.images).toEqual({ train: 3, heldOut: 2, test: 1 });
  expect(report.notes).toContain(
    'the figures are of one test image, which proves little: of 40 images or more, 8 at least are tested on',
  );
  expect(report.losses).toHaveLength(30);
  expect(report.losses.at(-1)).toBeLessThan(0.8 * (report.losses[0] ?? 0));
  expect(report.student.agreement?.mean).toBeGreaterThan(0.5);
  expect(report.student.parameters).toBeLessThan(report.teacher.parameters);
  // Neither state nor lock is left.
  expect(readdirSync(folder).sort()).toEqual(['slim.onnx', 'student.safetensors']);
  const again = join(folder, 'again.onnx');
  const size = { batch: 1, ...SHORT.size };
  await exportModel({ checkpoint: saveWeights, output: again, decoder: 'eed', activation: 'gelu', size });
  const [slimmed, exported] = [await loadModel(output), await loadModel(again)];
  expect(JSON.parse(slimmed.model.metadata.get('nmode.slimmed') ?? '')).toMatchObject({ seed: 0, steps: 30 });
  const graphOf = ({ model }: LoadedModel) => encodeModel({ ...model, metadata: new Map() });
  expect(graphOf(slimmed)).toEqual(graphOf(exported));
  expect(slimmed.model.metadata.get('nmode.recipe')).toBe(exported.model.metadata.get('nmode.recipe'));
}, 60_000);

describe('refuses in one line, before anything is trained,', () => {
  const cases: readonly (readonly [string, Partial<SlimOptions> | undefined, string, RegExp])[] = [
    [
      'a decoder that is nmODE',
      { network: fixture('release/unet_hd_CR_B.pth') },
      'BAD_USAGE',
      /is an nmODE \(HD\) already/,
    ],
    [
      'logits of which nobody says the head',
      { network: fixture('cases/original-classes4.zip.pth') },
      'BAD_USAGE',
      /4 classes, .* give `head: 'softmax'` where .*, or `head: 'sigmoid'` where they do not; to export/,
    ],
    [
      'a size that the levels do not divide',
      { size: { height: 64, width: 72 } },
      'BAD_USAGE',
      /width 72 does not fit: for unet it is a multiple of 16/,
    ],
    ['a folder without images', { images: fixture('release') }, 'BAD_IMAGE', /it holds no \.jpg/],
    ['too few images', { images: fixture('grey') }, 'BAD_IMAGE', /one image: expected 5/],
    [
      'an order that there is not',
      { order: 'B_CR' as 'CR_B' },
      'BAD_USAGE',
      /`order: 'B_CR'`, expected C_RB or C_BR/,
    ],
    ['steps and minutes', { steps: 10, minutes: 1 }, 'BAD_USAGE', /`steps` and `minutes` both say how long/],
    ['a weight of masks without masks', { truthWeight: 1 }, 'BAD_USAGE', /`truthWeight` requires `masks`/],
    [
      'a state that is not there',
      { resume: true },
      'BAD_USAGE',
      /there is no such state: nothing was interrupted/,
    ],
    [
      'a report that is no page',
      { report: 'report.pdf' },
      'BAD_USAGE',
      /report\.pdf: a report is an \.html file/,
    ],
    ['no options at all', undefined, 'BAD_USAGE', /expected options: \{ network, images, output \}/],
    ['no network', { network: undefined as never }, 'BAD_USAGE', /`network` is missing: expected a path/],
    ['a path that is empty', { images: '' }, 'BAD_USAGE', /`images: ''`, expected a path/],
    ['a model that is not called one', { output: 'x.pth' }, 'BAD_USAGE', /x\.pth: a model is an \.onnx file/],
    [
      'weights that are not called so',
      { saveWeights: 'x.pth' },
      'BAD_USAGE',
      /x\.pth: a state dict is a \.safetensors file/,
    ],
    [
      'a size without a width',
      { size: { height: 64 } as never },
      'BAD_USAGE',
      /expected \{ height, width \}/,
    ],
    ['a provider that is none', { providers: ['quick' as 'cpu'] }, 'BAD_USAGE', /quick/],
    [
      'an option that there is not',
      { stepz: 10 } as never,
      'BAD_USAGE',
      /no option is named `stepz`; the closest is `steps`/,
    ],
    [
      'more pixels than can be held',
      { size: { height: 20_000, width: 20_000 } },
      'BAD_USAGE',
      /expected { height, width } in whole pixels, at most 16777216 in all/,
    ],
    ['a signal that is none', { signal: {} as never }, 'BAD_USAGE', /expected an AbortSignal/],
    ['a text for a number', { rate: '1' as never }, 'BAD_USAGE', /`rate: '1'`, expected a number above 0/],
    ['a text for a flag', { force: 'no' as never }, 'BAD_USAGE', /`force: 'no'`, expected true or false/],
    ['skips of a checkpoint', { skips: ['x'] }, 'BAD_USAGE', /`skips` applies only to \.onnx models/],
    [
      'an output that is an input',
      { network: fixture('foreign/unet.onnx'), output: fixture('foreign/unet.onnx') },
      'BAD_USAGE',
      /the output would overwrite/,
    ],
  ];

  it.each(cases)('%s', async (_, given, code, message) => {
    const output = join(folder, 'refused.onnx');
    const asked = given && { ...CHECKPOINT, output, ...given };
    await expect(slim(asked as SlimOptions)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder).filter((file) => file.startsWith('refused'))).toEqual([]);
  });
});

it('refuses a student below the gate with the figures of both, and says before the training what is assumed', async () => {
  const output = join(folder, 'new', 'below.onnx');
  const phases: SlimProgress[] = [];
  const onProgress = (progress: SlimProgress) => phases.push(progress);
  const strict = { ...CHECKPOINT, output, steps: 7, minAgreement: 1, onProgress };
  await expect(slim(strict)).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(
      /, where `minAgreement: 1` is asked for: give more `steps` with `resume: true`, more images without it, or `force: true` to write it nevertheless; nothing was written but .*, for `resume: true`$/,
    ),
    detail: expect.arrayContaining([
      expect.stringMatching(/^ +teacher +student$/),
      expect.stringMatching(/^agreement +- +0\.\d{4}$/),
    ]),
  });
  const { recipe, assumed } = phases.find((each) => each.phase === 'teacher') ?? {};
  expect(phases[0]?.phase).toBe('teacher');
  expect(recipe?.sizing).toEqual({ kind: 'resize', ...SHORT.size });
  expect(assumed?.slice(0, 2).map(({ option }) => option)).toEqual(['recipe', 'head']);
}, 60_000);

it('stops where the loss is not a number any more, says where, and keeps the last good state', async () => {
  const output = join(folder, 'diverged.onnx');
  await expect(slim({ ...CHECKPOINT, output, steps: 30, rate: 1e37 })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(
      /^at step \d+ the .* is (NaN|Infinity): the training diverged; a lower `rate`/,
    ),
  });
  expect(readdirSync(folder).filter((file) => file.startsWith('diverged'))).toEqual([
    'diverged.onnx.state.safetensors',
  ]);
}, 60_000);

it('refuses images that a recipe leaves at sizes of their own, and a model that gives no numbers, by their names', async () => {
  const images = join(folder, 'sizes');
  mkdirSync(images);
  const photographs = readdirSync(SHORT.images).filter((name) => name.endsWith('.jpg'));
  for (const [index, name] of photographs.entries()) {
    const sides = { width: 64 + 16 * (index % 2), height: 64 };
    await sharp(join(SHORT.images, name))
      .resize({ ...sides, fit: 'fill' })
      .toFile(join(images, name));
  }
  const output = join(folder, 'sizes.onnx');
  const [network, recipe] = [
    fixture('foreign/unet.onnx'),
    { sizing: { kind: 'pad', multiple: 16 } },
  ] as const;
  const { size: _, ...own } = SHORT;
  await expect(slim({ ...own, network, images, recipe, output })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringMatching(
      /\.jpg: 64x\d+ where ISIC_\d+\.jpg is 64x\d+, and .* one size: give `size`/,
    ),
  });
  const { model } = await loadModel(network);
  const [mask, ...others] = model.graph.outputs;
  if (mask === undefined) throw new TypeError('no output');
  const outputs = [{ ...mask, name: 'root' }, ...others];
  const nodes = [
    ...model.graph.nodes,
    node('Neg', [mask.name], ['negative']),
    node('Sqrt', ['negative'], ['root']),
  ];
  const broken = join(folder, 'broken.onnx');
  writeFileSync(broken, encodeModel({ ...model, graph: { ...model.graph, nodes, outputs } }));
  await expect(slim({ ...SHORT, network: broken, output })).rejects.toThrow(
    'broken.onnx: the model gives NaN, expected probabilities from 0 to 1',
  );
  expect(readdirSync(folder).filter((file) => file.startsWith('sizes.'))).toEqual([]);
}, 60_000);

/** The checkpoint with other numbers for one of its tensors. */
async function altered(key: string, change: (value: number) => number): Promise<string> {
  const checkpoint = await openCheckpoint(CHECKPOINT.network);
  const tensors = [...checkpoint.tensors].flatMap(([name, tensor]): [string, Tensor][] => {
    if (tensor.dtype !== 'float32') return [];
    const values = float32Values(tensor);
    return [[name, float32Tensor(tensor.dims, name === key ? values.map(change) : values)]];
  });
  const path = join(folder, `${key}.safetensors`);
  writeFileSync(path, encodeSafetensors(new Map(tensors)));
  checkpoint.close();
  return path;
}

it('refuses a teacher that finds nothing, and features that half precision does not hold', async () => {
  const output = join(folder, 'hopeless.onnx');
  const blind = await altered('outc.conv.bias', () => -1000);
  await expect(slim({ ...CHECKPOINT, network: blind, output })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(
      /its masks are empty on all 5 images, .*, or say with `recipe` how they are prepared/,
    ),
  });
  const loud = await altered('inc.double_conv.4.weight', (value) => 1e7 * value);
  await expect(slim({ ...CHECKPOINT, network: loud, output })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(
      /its feature map 'skip1' holds -?\d.* for ISIC_\d+\.jpg, and features are kept in half precision, up to 65504: give the network as an \.onnx file/,
    ),
  });
  expect(readdirSync(folder).filter((file) => file.startsWith('hopeless'))).toEqual([]);
}, 60_000);

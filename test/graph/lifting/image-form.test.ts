import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { toHalf } from '../../../graph/common/half.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { int, ints } from '../../../graph/ir/attribute.js';
import type { Model } from '../../../graph/ir/model.js';
import { elementCount, type Tensor, tensorOf } from '../../../graph/ir/tensor.js';
import { inImageForm } from '../../../graph/lifting/image-form.js';
import { graft, optimizeModel, proposeSkips, Segmenter } from '../../../src/index.js';
import { fixture } from '../../support/fixtures.js';
import { handmade, node } from '../../support/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-channels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const photograph = fixture('images', 'ISIC_0000082.jpg');
const images = join(folder, 'images');
mkdirSync(images);
cpSync(photograph, join(images, 'one.jpg'));
const output = join(folder, 'out.onnx');

/** PyTorch's export of a U-Net, at one size. */
const first = sized(parseModel(readFileSync(fixture('foreign', 'unet.onnx')), 'unet'));

function sized(model: Model): Model {
  const type = (channels: number) => ({ dtype: 'float32' as const, shape: [1, channels, 32, 32] });
  const [image, mask] = [model.graph.inputs[0]?.name ?? '', model.graph.outputs[0]?.name ?? ''];
  const ports = { inputs: [{ name: image, type: type(3) }], outputs: [{ name: mask, type: type(1) }] };
  return { ...model, graph: { ...model.graph, ...ports } };
}

/** The same as tf2onnx writes networks of TensorFlow: convolutions between transposes. */
const last: Model = {
  ...first,
  graph: {
    ...first.graph,
    nodes: [
      node('Transpose', ['pixels'], [first.graph.inputs[0]?.name ?? ''], { perm: ints([0, 3, 1, 2]) }),
      ...first.graph.nodes,
      node('Transpose', [first.graph.outputs[0]?.name ?? ''], ['out'], { perm: ints([0, 2, 3, 1]) }),
    ],
    inputs: [{ name: 'pixels', type: { dtype: 'float32', shape: [1, 32, 32, 3] } }],
    outputs: [{ name: 'out', type: { dtype: 'float32', shape: [1, 32, 32, 1] } }],
  },
};

const file = join(folder, 'last.onnx');
writeFileSync(file, encodeModel(last));

it('an image with its channels last is taken, and given, with them first', async () => {
  const turned = inImageForm(last);
  check(turned);
  expect(turned.graph.inputs).toEqual([
    { name: 'pixels', type: { dtype: 'float32', shape: [1, 3, 32, 32] } },
  ]);
  expect(turned.graph.outputs).toEqual([{ name: 'out', type: { dtype: 'float32', shape: [1, 1, 32, 32] } }]);
  expect(inImageForm(first)).toBe(first);
  expect(inImageForm(turned)).toBe(turned);
});

it('it is segmented as with them first', async () => {
  const masks = [];
  for (const model of [encodeModel(first), file]) {
    await using segmenter = await Segmenter.load(model, { threads: 1 });
    const { mask, probabilities } = await segmenter.segment(photograph, { probabilities: true });
    masks.push({ mask, probabilities });
  }
  expect(masks[1]).toEqual(masks[0]);
});

it.each([
  {},
  { precision: 'fp16' },
  { precision: 'int8-weights' },
  { precision: 'int8', calibrate: images },
] as const)('it is rewritten, and its masks are compared: %j', async (options) => {
  const lowering = 'precision' in options ? { maxDscDrop: 1 } : {};
  const { difference } = await optimizeModel({ model: file, output, images, ...options, ...lowering });
  expect(difference?.outputs).toMatchObject([{ kind: 'mask', name: 'out' }]);
  const { graph } = parseModel(readFileSync(output), 'out');
  expect(graph.inputs[0]?.type?.shape).toEqual([1, 32, 32, 3]);
});

it('its skips are found, and a decoder is put on them', async () => {
  const { skips, input } = await proposeSkips(file);
  expect(input.shape).toEqual([1, 3, 32, 32]);
  expect(skips.map(({ scale }) => scale)).toEqual([1, 2, 4, 8, 16]);
  const names = skips.map(({ tensor }) => tensor);
  const { notes, input: taken } = await graft({
    model: file,
    output,
    skips: names,
    init: true,
    decoder: 'eed',
  }).catch((error: Error) => ({ notes: [error.message], input: [] }));
  expect([notes[0], taken]).toEqual([
    'it takes its image as float32 [N, C, H, W], which it did not before',
    [1, 3, 32, 32],
  ]);
});

/** As converters write a network of halves: its image and its mask are halves, too. */
const halves: Model = handmade({
  nodes: [
    node('Conv', ['x', 'w'], ['c'], { pads: ints([1, 1, 1, 1]) }),
    node('BatchNormalization', ['c', 'one', 'none', 'none', 'one'], ['n']),
    node('Sigmoid', ['n'], ['y']),
  ],
  inputs: [{ name: 'x', type: { dtype: 'float16', shape: ['N', 3, 32, 32] } }],
  outputs: [{ name: 'y', type: { dtype: 'float16', shape: ['N', 1, 32, 32] } }],
  initializers: new Map([
    ['w', half([1, 3, 3, 3], (i) => Math.sin(i + 1))],
    ['one', half([1], () => 1)],
    ['none', half([1], () => 0)],
  ]),
});

function half(dims: readonly number[], elementOf: (index: number) => number): Tensor {
  return tensorOf(
    'float16',
    dims,
    toHalf(Float32Array.from({ length: elementCount(dims) }, (_, i) => elementOf(i))),
  );
}

it('a model of halves is segmented with, rewritten, and not lowered twice', async () => {
  const bytes = encodeModel(halves);
  await using segmenter = await Segmenter.load(bytes, { threads: 1 });
  const { mask } = await segmenter.segment(photograph);
  expect(mask.data).toContain(255);
  const model = join(folder, 'halves.onnx');
  writeFileSync(model, bytes);
  const { changes, difference } = await optimizeModel({ model, output, images });
  expect(difference?.outputs).toMatchObject([{ name: 'y', kind: 'mask' }]);
  expect(changes).toBeDefined();
  expect(parseModel(readFileSync(output), 'out').graph.inputs).toMatchObject([
    { type: { dtype: 'float16' } },
  ]);
  for (const precision of ['fp16', 'int8-weights'] as const) {
    await expect(
      optimizeModel({ model, output: join(folder, 'twice.onnx'), images, precision }),
    ).rejects.toThrow(/^halves\.onnx: it holds values in float16 already/);
  }
});

it.each([
  ['float16', [1, 3, 8, 8], 'float32', ['Cast', 'Relu', 'Cast']],
  ['float64', [1, 8, 8, 3], 'float32', ['Cast', 'Transpose', 'Relu', 'Cast', 'Transpose']],
  ['uint8', [1, 8, 8, 3], 'uint8', ['Relu']],
  ['int64', [1, 3, 8, 8], 'int64', ['Relu']],
] as const)('%s %j', (dtype, shape, fed, operators) => {
  const model = handmade({
    nodes: [node('Relu', ['x'], ['y'])],
    inputs: [{ name: 'x', type: { dtype, shape } }],
    outputs: [{ name: 'y', type: { dtype, shape } }],
  });
  const { graph } = inImageForm(model);
  check(inImageForm(model));
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(operators);
  expect([graph.inputs[0]?.type?.dtype, graph.outputs[0]?.type?.dtype]).toEqual([fed, fed]);
});

it('halves that are given of an image in float32 are given in float32', () => {
  const model = handmade({
    nodes: [node('Cast', ['x'], ['y'], { to: int(10) })],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 3, 8, 8] } }],
    outputs: [{ name: 'y', type: { dtype: 'float16', shape: [1, 3, 8, 8] } }],
  });
  expect(inImageForm(model).graph.outputs[0]?.type?.dtype).toBe('float32');
});

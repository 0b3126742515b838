import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import { float, ints } from '../../graph/ir/attribute.js';
import { symbol } from '../../graph/ir/dim.js';
import type { Model } from '../../graph/ir/model.js';
import type { Value } from '../../graph/ir/value.js';
import { add, div, mul } from '../../graph/ops/elementwise.js';
import { globalAveragePool } from '../../graph/ops/pool.js';
import { relu, sigmoid } from '../../graph/ops/unary.js';
import { type OptimizeModelOptions, optimizeModel, Segmenter } from '../../src/index.js';
import { examplesFor } from '../../src/transform/calibration-inputs.js';
import { ImageComparison } from '../../src/transform/image-comparison.js';
import { Tolerance } from '../../src/transform/tolerance.js';
import { fixture } from '../support/fixtures.js';
import { handmade, modelOf, node } from '../support/graph.js';
import { convolved, filled, image } from '../support/rewritten.js';
import { seeded } from '../support/seeded.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-foreign-'));
afterAll(() => rmSync(folder, { recursive: true }));
const images = join(folder, 'images');
mkdirSync(images);
cpSync(fixture('images', 'ISIC_0000082.jpg'), join(images, 'one.jpg'));
const [model, output] = [join(folder, 'model.onnx'), join(folder, 'out.onnx')];
beforeEach(() => rmSync(output, { force: true }));

const x = image('x', 1, 3, 16, 16);
const same = { kernel: [3, 3], pads: [1, 1, 1, 1] };
/** Logits of a small network, of either sign. */
function logitsOf(value: Value, name = 'net'): Value {
  const wide = { channels: 16, ...same, bias: true };
  const features = relu(convolved(relu(convolved(value, `${name}.a`, wide)), `${name}.b`, wide));
  return convolved(features, `${name}.c`, { channels: 1, kernel: [1, 1] });
}
const whole = (value: number) => filled([1, 1, 1, 1], [value]);

async function optimized(it: Model, options: Partial<OptimizeModelOptions> = {}) {
  writeFileSync(model, encodeModel(it));
  return optimizeModel({ model, output, images, ...options });
}

async function expectRefusal(it: Model, options: Partial<OptimizeModelOptions>, code: string, says: RegExp) {
  const refused = optimized(it, options);
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
  expect(readdirSync(folder)).not.toContain('out.onnx');
}

/** The same model, whose weights are Constant nodes. */
function inNodes(model: Model): Model {
  const { initializers, nodes } = model.graph;
  const constants = [...initializers].map(([name, value]) =>
    node('Constant', [], [name], { value: { type: 'tensor', value } }),
  );
  return { ...model, graph: { ...model.graph, initializers: new Map(), nodes: [...constants, ...nodes] } };
}

async function halfOf(built: Model): Promise<string> {
  await optimized(built, { ...fp16, maxDscDrop: 1 });
  return output;
}

/** Seeded weights of either sign. */
const weightsOf = (dims: Readonly<Record<string, readonly number[]>>) =>
  new Map(Object.entries(dims).map(([name, sizes]) => [name, seeded(name, sizes)]));

const fp16 = { precision: 'fp16' } as const;
const weights = { precision: 'int8-weights' } as const;
const int8 = { precision: 'int8', calibrate: images } as const;

describe('each output is judged', () => {
  it('NaN is refused, whatever the masks are', async () => {
    const logits = logitsOf(x);
    const outputs = (epsilon: number) => ({
      mask: sigmoid(logits),
      ratio: div(relu(logits), add(relu(logits), whole(epsilon))),
    });
    const proof = await ImageComparison.of(
      modelOf([x], outputs(1e-8)),
      'it',
      await examplesFor(modelOf([x], outputs(1)), 'it', images),
    );
    const difference = await proof.differenceOf(modelOf([x], outputs(0)));
    expect(() => new Tolerance('standard', 'fp16').refuse('it', difference)).toThrow(
      /'ratio' holds NaN or infinity, where the model gives numbers; nothing was written/,
    );
    await optimized(modelOf([x], outputs(1e-8)), fp16);
  });

  it('NaN is refused on images that nobody gave, such as a black one, unless the model itself gives it', async () => {
    const shares = (epsilon: number) => modelOf([x], { y: div(relu(x), add(relu(x), whole(epsilon))) });
    const recipe = { normalization: { kind: 'unit' } } as const;
    const examples = await examplesFor(shares(1), 'it', images, { recipe });
    const bright = examples.feeds.map(() => ({
      x: { dims: [1, 3, 16, 16], data: new Float32Array(768).fill(1) },
    }));
    const proven = (model: Model) => ImageComparison.of(model, 'it.onnx', { ...examples, feeds: bright });
    await expect((await proven(shares(1e-8))).refuseExtremes(shares(0))).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      message:
        "it.onnx: 'y' holds NaN or infinity for a black image, where the model gives numbers; nothing was written",
    });
    await expect((await proven(shares(0))).refuseExtremes(shares(0))).resolves.toBeUndefined();
  });

  it('an epsilon that half precision would round to zero stays what it is', async () => {
    const y = sigmoid(logitsOf(div(x, add(x, whole(1e-8)))));
    const { difference } = await optimized(modelOf([x], { y }), { ...fp16, maxDscDrop: 0.01 });
    expect(difference?.maxAbs).toBeLessThan(0.02);
  });

  it('a model that gives NaN itself is told so, with the image', async () => {
    const zero = mul(relu(logitsOf(x)), whole(0));
    const y = div(zero, zero);
    await expectRefusal(
      modelOf([x], { y }),
      {},
      'CHECK_FAILED',
      /the model itself gives NaN .* for one\.jpg/,
    );
  });

  it('a mask is not thinned out by a large output beside it', async () => {
    const logits = logitsOf(x);
    const features = relu(convolved(x, 'features', { channels: 64, ...same }));
    const report = await optimized(modelOf([x], { logits, features }), { ...weights, maxDscDrop: 1 });
    const [first, second] = report.difference?.outputs ?? [];
    expect(first).toMatchObject({ name: 'logits', kind: 'mask', dscDrop: report.difference?.dscDrop });
    expect(second).toMatchObject({ name: 'features', kind: 'values' });
    expect(second).not.toHaveProperty('dscDrop');
  });

  it('where no mask is found, nothing tells what a lower precision costs', async () => {
    const y = sigmoid(add(logitsOf(x), whole(-1e7)));
    for (const options of [fp16, weights, int8]) {
      await expectRefusal(modelOf([x], { y }), options, 'CHECK_FAILED', /no mask was found.* with `images`/);
    }
    expect((await optimized(modelOf([x], { y }))).difference).not.toHaveProperty('dscDrop');
  });

  it('what is no mask is judged by its largest value', async () => {
    const y = globalAveragePool(convolved(x, 'wide', { channels: 64, ...same }));
    const { difference } = await optimized(modelOf([x], { y }), fp16);
    const [found] = difference?.outputs ?? [];
    expect(found?.kind).toBe('values');
    expect(found?.maxAbs).toBeLessThan(0.01 * (found?.largest ?? 0));
    expect(found?.maxAbs).toBeGreaterThan(0);
  });

  it('large logits may differ by as much as float32 does', async () => {
    const y = mul(logitsOf(x), whole(1e6));
    const { difference } = await optimized(modelOf([x], { y }), { level: 'latency' });
    expect(difference?.outputs[0]?.largest).toBeGreaterThan(1e4);
  });
});

describe('of several outputs', () => {
  const several = modelOf([x], { aside: relu(logitsOf(x, 'aside')), y: sigmoid(logitsOf(x)) });

  it('one is kept, with what it is computed from', async () => {
    const report = await optimized(several, { outputName: 'y' });
    expect(report.difference?.outputs).toMatchObject([{ name: 'y', kind: 'mask' }]);
    const { graph } = parseModel(readFileSync(output), 'it');
    expect(graph.outputs.map(({ name }) => name)).toEqual(['y']);
    expect([...graph.initializers.keys()].filter((name) => name.startsWith('aside'))).toEqual([]);
  });

  it('masks are made of the one that is named', async () => {
    const whole = encodeModel(several);
    const photograph = fixture('images', 'ISIC_0000082.jpg');
    await using segmenter = await Segmenter.load(whole, { outputName: 'y', threads: 1 });
    expect(segmenter.assumed.map(({ what }) => what)).not.toContain('output');
    expect(await segmenter.segment(photograph)).toHaveProperty('mask');
    await using aside = await Segmenter.load(whole, { threads: 1 });
    expect(aside.assumed).toContainEqual(expect.objectContaining({ value: "'aside', the first of 2" }));
    await expect(aside.segment(photograph)).rejects.toThrow(
      /the model gives \d+\.\d+, expected probabilities/,
    );
    await expect(Segmenter.load(whole, { outputName: 'z' })).rejects.toThrow(
      "the model: no output is named 'z': it has aside, y",
    );
  });
});

describe('older opsets', () => {
  /** As it was written then: limits and axes are attributes. */
  function aged(opset: number): Model {
    const built = modelOf([x], { y: sigmoid(logitsOf(x)) });
    const [last] = built.graph.nodes.slice(-1);
    const nodes = [
      ...built.graph.nodes.slice(0, -1),
      node('Clip', [last?.inputs[0] ?? ''], ['clipped'], { min: float(-6), max: float(6) }),
      node('Unsqueeze', ['clipped'], ['wide'], { axes: ints([4]) }),
      node('Squeeze', ['wide'], ['back'], { axes: ints([4]) }),
      node('Sigmoid', ['back'], ['y']),
    ];
    return { ...built, opsets: new Map([['', opset]]), graph: { ...built.graph, nodes } };
  }

  it.each([{}, fp16, weights, int8])('are lifted before they are rewritten: %j', async (options) => {
    const report = await optimized(aged(9), { ...options, ...('precision' in options && { maxDscDrop: 1 }) });
    expect(report).toMatchObject({ opsetBefore: 9, opset: 13 });
    expect(report).not.toHaveProperty('unlifted');
    const { opsets, irVersion } = parseModel(readFileSync(output), 'it');
    expect([opsets.get(''), irVersion >= 7]).toEqual([13, true]);
  });

  it('are lifted and nothing else, where that is asked for', async () => {
    const report = await optimized(aged(9), { level: 'none', opset: 17 });
    expect(report).toMatchObject({ opset: 17, changes: {}, difference: { maxAbs: 0 } });
  });

  it('stay as they are where nothing is rewritten', async () => {
    expect(await optimized(aged(9), { level: 'none' })).toMatchObject({ opset: 9, nodes: 9 });
  });

  it('which cannot be lifted are rewritten as far as that goes, and told', async () => {
    const built = aged(9);
    const nodes = [...built.graph.nodes, node('Dropout', ['clipped'], ['d', 'mask'])];
    const outputs = [...built.graph.outputs, { name: 'mask' }];
    const trained = { ...built, graph: { ...built.graph, nodes, outputs } };
    const why = "node 'd,mask' (Dropout) cannot be lifted from opset 9 to 13: its output 'mask'";
    expect(await optimized(trained)).toMatchObject({ opset: 9, unlifted: expect.stringContaining(why) });
    rmSync(output);
    await expectRefusal(
      trained,
      { opset: 13 },
      'BAD_MODEL',
      /^model\.onnx: node 'd,mask' \(Dropout\) cannot be/,
    );
    await expectRefusal(trained, int8, 'BAD_MODEL', /cannot be lifted from opset 9 to 13/);
  });

  it.each([
    [{ opset: 12 }, /opset 12, expected 13 to 21/],
    [{ opset: 22 }, /opset 22, expected 13 to 21/],
    [{ opset: 13 }, /opset 13 is before the model's 17: models are lifted, never lowered/],
  ])('%j is refused', async (options, says) => {
    await expectRefusal(modelOf([x], { y: sigmoid(logitsOf(x)) }), options, 'BAD_USAGE', says);
  });

  it('a softmax over channels is written behind their logits', async () => {
    const built = modelOf([x], { logits: convolved(x, 'c', { channels: 3, kernel: [1, 1] }) });
    const older = { ...built, opsets: new Map([['', 12]]) };
    expect(await optimized(older, { head: 'softmax' })).toMatchObject({ opsetBefore: 12, opset: 13 });
  });
});

describe('weights that are inputs', () => {
  const built = modelOf([x], { y: sigmoid(logitsOf(x)) });
  const more = [...built.graph.initializers].map(([name, { dtype, dims: shape }]) => ({
    name,
    type: { dtype, shape },
  }));
  const given = { ...built, graph: { ...built.graph, inputs: [...built.graph.inputs, ...more] } };

  it('are left alone, which is told, and frozen where that is asked for', async () => {
    const report = await optimized(given);
    expect(report).toMatchObject({ replaceable: more.length });
    expect(parseModel(readFileSync(output), 'it').graph.inputs.length).toBe(1 + more.length);
    const frozen = await optimized(given, { ...weights, maxDscDrop: 1, freeze: true });
    expect(frozen).toMatchObject({ frozen: more.length });
    expect(frozen).not.toHaveProperty('replaceable');
    expect(parseModel(readFileSync(output), 'it').graph.inputs.length).toBe(1);
  });

  it('are constants by definition before IR version 4', async () => {
    const older = { ...given, irVersion: 3 };
    for (const options of [weights, int8]) {
      const report = await optimized(older, { ...options, maxDscDrop: 1 });
      expect(report.bytes).toBeLessThan(report.bytesBefore);
      expect(report).not.toHaveProperty('replaceable');
    }
    expect(parseModel(readFileSync(output), 'it').graph.inputs.length).toBe(1);
  });
});

describe('what cannot be lowered', () => {
  it('is said where no operator has weights', async () => {
    const y = relu(x);
    for (const options of [fp16, weights]) {
      await expectRefusal(modelOf([x], { y }), options, 'CHECK_FAILED', /nothing of it can be in/);
    }
  });

  it('also where the only convolutions are those that int8 is not for', async () => {
    const y = sigmoid(convolved(x, 'only', { channels: 1, kernel: [1, 1] }));
    await expectRefusal(
      modelOf([x], { y }),
      int8,
      'CHECK_FAILED',
      /nothing of it can be in int8: it holds no/,
    );
  });

  it('and where weights may be replaced', async () => {
    const built = modelOf([x], { y: logitsOf(x) });
    const { initializers } = built.graph;
    const more = [...initializers].map(([name, { dtype, dims }]) => ({ name, type: { dtype, shape: dims } }));
    const graph = { ...built.graph, inputs: [...built.graph.inputs, ...more] };
    for (const options of [fp16, weights, int8]) {
      await expectRefusal(
        { ...built, graph },
        options,
        'CHECK_FAILED',
        /`optimizeModel\(\{ freeze: true \}\)` treats them as constants/,
      );
    }
  });

  it('also where some constant that is no input would become smaller', async () => {
    const built = modelOf([x], { y: logitsOf(x) });
    const kernels = [...built.graph.initializers].filter(([, { dims }]) => dims.length > 1);
    const more = kernels.map(([name, { dtype, dims }]) => ({ name, type: { dtype, shape: dims } }));
    const graph = { ...built.graph, inputs: [...built.graph.inputs, ...more] };
    await expectRefusal({ ...built, graph }, fp16, 'CHECK_FAILED', /its weights cannot be in fp16/);
  });

  it('but weights in Constant nodes are weights', async () => {
    const built = modelOf([x], { y: logitsOf(x) });
    for (const options of [fp16, weights, int8]) {
      const level = 'none';
      const { bytes, bytesBefore } = await optimized(inNodes(built), { ...options, level, maxDscDrop: 1 });
      expect(bytes).toBeLessThan(bytesBefore);
    }
    const half = parseModel(readFileSync(await halfOf(built)), 'it');
    const told = { ...inNodes(half), metadata: new Map() };
    rmSync(output);
    await expectRefusal(
      told,
      weights,
      'BAD_MODEL',
      /it holds values in float16 already, and int8-weights needs float32/,
    );
  });

  it('where less than a tenth of the work would be lower, since types end, unless it is forced', async () => {
    const gelu = { ...node('Gelu', ['a'], ['b']), domain: 'com.microsoft' };
    const built = handmade({
      inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 3, 16, 16] } }],
      outputs: [{ name: 'y', type: { dtype: 'float32' } }],
      nodes: [
        node('Conv', ['x', 'first'], ['a']),
        gelu,
        node('Conv', ['b', 'second'], ['c']),
        node('Relu', ['c'], ['d']),
        node('Conv', ['d', 'third'], ['y']),
      ],
      initializers: weightsOf({ first: [8, 3, 1, 1], second: [64, 8, 3, 3], third: [1, 64, 1, 1] }),
    });
    const stranger = { ...built, opsets: new Map([...built.opsets, ['com.microsoft', 1]]) };
    await expectRefusal(
      stranger,
      fp16,
      'CHECK_FAILED',
      /: only 0\.5 % of the weights would be in fp16: Gelu 'b': .* keeps the passes from 2 Conv, 1 Relu; nothing was written \(`force` /,
    );
    await expectRefusal(stranger, { force: true }, 'BAD_USAGE', /`force` applies only to fp16 and int8/);
    const { reached, untyped } = await optimized(stranger, { ...fp16, force: true, maxDscDrop: 1 });
    expect(reached).toMatchObject({ of: 'weights' });
    expect(untyped).toMatchObject([{ name: 'b', keeps: { Conv: 2, Relu: 1 } }]);
    rmSync(output);
    const nodes = [{ ...gelu, inputs: ['x'], outputs: ['g'] }, node('Conv', ['g', 'first'], ['y'])];
    const behind = { ...stranger, graph: { ...stranger.graph, nodes } };
    await expectRefusal(
      behind,
      int8,
      'CHECK_FAILED',
      /it holds no convolution .* \(Gelu 'b': .* from 1 Conv\); nothing was written/,
    );
  });

  it('int8 that is expected to be slower says so, and why', async () => {
    const deep = { channels: 64, ...same, group: 64 };
    const wide = relu(convolved(x, 'a', { channels: 64, kernel: [1, 1] }));
    const features = relu(convolved(relu(convolved(wide, 'b', deep)), 'c', deep));
    // Logits of either sign.
    const head = convolved(features, 'head', { channels: 2, kernel: [1, 1] });
    const built = modelOf([x], { y: head });
    const { slower } = await optimized(built, { ...int8, maxDscDrop: 1 });
    expect(slower).toMatch(/^what is on integers is expected to take \d\.\d times as long as in float: /);
    const dense = await optimized(modelOf([x], { y: logitsOf(x) }), { ...int8, maxDscDrop: 1 });
    expect(dense).not.toHaveProperty('slower');
    const webgpu = await optimized(modelOf([x], { y: logitsOf(x) }), {
      ...int8,
      maxDscDrop: 1,
      target: 'webgpu',
    });
    expect(webgpu.slower).toMatch(/no kernels for integers/);
  });

  it('where there was no time to find out what can, which is said', async () => {
    const built = modelOf([x], { y: logitsOf(x) });
    const soon = { ...int8, minutes: 1e-9, maxDscDrop: 1e-9 };
    await expectRefusal(
      built,
      soon,
      'CHECK_FAILED',
      /no convolution .* in 1e-9 minutes: give more `minutes`; the images were prepared by an assumed recipe .*; nothing/,
    );
    const steps: [number, number][] = [];
    const onProgress = (done: number, total: number, unit: string) => {
      if (unit === 'models') steps.push([done, total]);
    };
    const { quantized } = await optimized(built, { ...int8, minutes: 1e-9, maxDscDrop: 1, onProgress });
    expect(quantized).not.toHaveProperty('gaveUp');
    // One of two ways to find ranges, of two layers.
    expect(steps).toEqual([
      [0, 6],
      [1, 6],
    ]);
  });

  it('and runs on images are told, of which fewer are compared where there is no time', async () => {
    const built = modelOf([x], { y: sigmoid(logitsOf(x)) });
    const steps: [number, number, string][] = [];
    const onProgress = (...step: [number, number, string]) => steps.push(step);
    const six = fixture('images');
    const whole = await optimized(built, { images: six, onProgress });
    expect(whole.difference).not.toHaveProperty('all');
    const images = Array.from({ length: 7 }, (_, done) => [done, 6, 'images']);
    expect(steps).toEqual([...images, ...images]);
    const hasty = await optimized(built, { images: six, minutes: 1e-9 });
    expect(hasty.difference).toMatchObject({ images: 1, all: 6 });
  });

  it('a second time; and what was done stays in the metadata', async () => {
    await optimized(modelOf([x], { y: logitsOf(x) }), { ...int8, maxDscDrop: 1 });
    const integers = parseModel(readFileSync(output), 'it');
    rmSync(output);
    for (const options of [fp16, weights, int8]) {
      await expectRefusal(integers, options, 'BAD_MODEL', /it holds quantised values already/);
    }
    const foreign = { ...integers, metadata: new Map() };
    await expectRefusal(foreign, fp16, 'BAD_MODEL', /it holds quantised values already/);
    const { precision } = await optimized(integers);
    expect(precision).toBe('int8');
    const { metadata } = parseModel(readFileSync(output), 'it');
    expect(metadata.get('nmode.optimized')).toBe(integers.metadata.get('nmode.optimized'));
  });
});

it('a fixed batch is filled with images, again from the first where they end', async () => {
  const batch = image('x', 3, 3, 16, 16);
  const { difference } = await optimized(modelOf([batch], { y: logitsOf(batch) }), weights);
  expect(difference).toMatchObject({ images: 1, outputs: [{ kind: 'mask' }] });
});

it('how images were prepared, and who said so', async () => {
  const built = modelOf([x], { y: logitsOf(x) });
  expect((await optimized(built)).prepared).toMatchObject({ from: 'release' });
  const recipe = { normalization: { kind: 'unit' } } as const;
  expect((await optimized(built, { recipe })).prepared).toMatchObject({
    from: 'options',
    recipe: { normalization: { kind: 'unit' }, sizing: { kind: 'resize', height: 16, width: 16 } },
  });
});

it('a file format that onnxruntime does not know, without its source code', async () => {
  const newer = { ...modelOf([x], { y: logitsOf(x) }), irVersion: 99 };
  await expectRefusal(newer, {}, 'CANNOT_RUN', /^\S+\.onnx: onnxruntime: Unsupported model IR version: 99/);
});

it("says why nothing took Winograd's form", async () => {
  const built = modelOf([x], { y: sigmoid(logitsOf(x)) });
  const level = 'latency';
  expect(await optimized(built, { level })).toMatchObject({ direct: 'time' });
  expect(await optimized(built, { level, target: 'webgpu' })).toMatchObject({ direct: 'target' });
  const open = image('x', 1, 3, symbol('H'), symbol('W'));
  const free = modelOf([open], { y: sigmoid(logitsOf(open)) });
  expect(await optimized(free, { level })).toMatchObject({ direct: 'sizes' });
});

describe('arguments that a program gives are refused by name', () => {
  it.each([
    [{ precision: 'int4' }, /precision 'int4', expected fp32, fp16/],
    [{ target: 'gpu' }, /target 'gpu', expected cpu/],
    [{ level: 'fast' }, /level 'fast', expected none/],
    [{ ...int8, method: 'x' }, /method 'x', expected minmax/],
    [{ ...fp16, maxDscDrop: -1 }, /maxDscDrop -1/],
    [{ ...fp16, maxDscDrop: Number.NaN }, /maxDscDrop NaN/],
    [{ ...int8, minutes: 0 }, /minutes 0, expected a number above 0/],
    [{ ...int8, minutes: Number.NaN }, /minutes NaN/],
    [{ maxDscDrop: 0.1 }, /`maxDscDrop` applies only to/],
    [{ level: 'latency', target: 'webgpu', precompute: true }, /`precompute`/],
  ])('%j', async (options, says) => {
    const built = modelOf([x], { y: sigmoid(logitsOf(x)) });
    await expectRefusal(built, options as Partial<OptimizeModelOptions>, 'BAD_USAGE', says);
  });
});

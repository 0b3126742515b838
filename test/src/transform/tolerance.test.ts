import { expect, it } from '@jest/globals';
import { initializer } from '../../../graph/ir/value.js';
import { conv } from '../../../graph/ops/conv.js';
import { add, sub } from '../../../graph/ops/elementwise.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { relu } from '../../../graph/ops/unary.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { ImageComparison, spreadOf } from '../../../src/transform/image-comparison.js';
import { Tolerance } from '../../../src/transform/tolerance.js';
import { modelOf } from '../../support/graph.js';
import { filled, image } from '../../support/rewritten.js';
import { seeded } from '../../support/seeded.js';

const differenceOf = (maxAbs: number, spread?: number, largest = 1) => ({
  maxAbs,
  images: 3,
  outputs: [{ name: 'y', kind: 'values' as const, maxAbs, largest, ...(spread !== undefined && { spread }) }],
});
const standard = new Tolerance('standard', 'fp32');

it('a rewriting passes at 1e-5, or at twice what onnxruntime itself is apart, which says so', () => {
  expect(standard.isMissed(differenceOf(0.9e-5))).toBe(false);
  expect(standard.isMissed(differenceOf(1.1e-5))).toBe(true);
  expect(() => standard.refuse('it', differenceOf(3e-5, 1.6e-5))).not.toThrow();
  expect(() => standard.refuse('it', differenceOf(3.3e-5, 1.6e-5))).toThrow(
    "it: on 3 images 'y' differs by up to 3.30e-5, where 3.20e-5 is allowed: onnxruntime's own settings are 1.6e-5 apart; nothing was written",
  );
  expect(() => standard.refuse('it', differenceOf(0.9e-5, 0))).not.toThrow();
  expect(() => standard.refuse('it', differenceOf(3e-4, 1.6e-4, 100))).not.toThrow();
});

it('a lower precision that costs too much on images that are bundled says how to give representative ones', () => {
  const int8 = new Tolerance('standard', 'int8');
  const refused = (maxAbs: number, areBundled: boolean) => () =>
    int8.refuse('it', differenceOf(maxAbs), [], areBundled);
  const way = '; they are bundled, give representative ones with `images`; nothing was written';
  expect(refused(0.9, true)).toThrow(way);
  expect(refused(0.9, false)).not.toThrow(way);
  expect(refused(0.9, false)).toThrow('; nothing was written');
  // Which no other images mend.
  expect(refused(Number.POSITIVE_INFINITY, true)).not.toThrow(way);
});

it.each([
  ['fp16', 0.01, 0.0005],
  ['int8', 0.1, 0.003],
  ['int8-weights', 0.1, 0.003],
] as const)(
  '%s may cost %d of the largest value, and of masks %d of their DSC',
  (precision, relative, drop) => {
    const tolerance = new Tolerance('standard', precision);
    const ofMasks = (dscDrop: number) => ({
      ...{ maxAbs: 1, images: 3 },
      outputs: [{ name: 'y', kind: 'mask' as const, maxAbs: 1, largest: 1, dscDrop }],
    });
    expect(tolerance.share(differenceOf(20 * relative, undefined, 20))).toBeCloseTo(1, 9);
    expect(tolerance.share(ofMasks(drop))).toBeCloseTo(1, 9);
  },
);

it('a refusal names a recipe that was assumed, and no other assumption', () => {
  const recipe = { what: 'recipe', value: 'min-max, resized to 64x64', option: 'recipe' };
  const background = { what: 'background class', value: '0', option: 'background' };
  expect(() => standard.refuse('it', differenceOf(3e-5), [recipe, background])).toThrow(
    "it: on 3 images 'y' differs by up to 3.00e-5, where 1.00e-5 is allowed; the images were prepared by an assumed recipe min-max, resized to 64x64 (`recipe`), and others may agree; nothing was written",
  );
  expect(() => standard.refuse('it', differenceOf(3e-5), [background])).toThrow(
    /is allowed; nothing was written$/,
  );
});

it('never above 1e-3 of the largest, nor in the place of what a lower precision may cost', () => {
  expect(() => standard.refuse('it', differenceOf(0.99e-3, 1))).not.toThrow();
  expect(() => standard.refuse('it', differenceOf(1.01e-3, 1))).toThrow(/1\.00e-3 is allowed/);
  expect(new Tolerance('latency', 'fp32').share(differenceOf(1e-4))).toBe(1);
  expect(new Tolerance('standard', 'int8').isMissed(differenceOf(1))).toBe(false);
});

const x = image('x', 1, 3, 8, 8);
const feeds = [0, 1].map((shift) => ({
  x: { dims: [1, 3, 8, 8], data: Float32Array.from({ length: 192 }, (_, at) => Math.sin(at + shift)) },
}));
/** What a bias adds and BatchNorm takes away again: its last digits are lost where the two are not folded. */
const far = filled([16], Array(16).fill(4000));
const ones = filled([16], Array(16).fill(1));
const none = filled([16], Array(16).fill(0));
const kernels = initializer('w', seeded('w', [16, 3, 3, 3]));
const lossy = relu(batchNormalization(conv(x, kernels, far), ones, none, far, ones, 0));

it("the spread is the largest difference between onnxruntime's settings, by output", async () => {
  const spread = await spreadOf(modelOf([x], { y: lossy, z: relu(x) }), feeds);
  expect(spread.get('z')).toBe(0);
  expect(spread.get('y')).toBeGreaterThan(1e-5);
  expect(spread.get('y')).toBeLessThan(1e-2);
  const steps: number[] = [];
  const watch = { onProgress: (done: number) => steps.push(done) };
  const some = await spreadOf(modelOf([x], { y: lossy, z: relu(x) }), feeds, watch, () => true);
  // Two of the eight settings, on two images each.
  expect(steps).toEqual([0, 1, 2, 3, 4]);
  expect(some.get('y')).toBeLessThanOrEqual(spread.get('y') ?? 0);
});

it('what is rewritten to be more exact than onnxruntime passes by its spread', async () => {
  const none = {
    images: 2,
    extremes: [],
    names: ['a', 'b'],
    warnings: [],
    sizes: [],
    from: 'release',
    assumed: [],
  } as const;
  const recipe = {
    normalization: { kind: 'unit' },
    sizing: { kind: 'resize', height: 8, width: 8 },
  } as const;
  // onnxruntime folds the one, and this package the other.
  const lost = sub(add(relu(conv(x, kernels)), filled([1], [2000])), filled([1], [2000]));
  const model = modelOf([x], { y: add(lossy, lost) });
  const comparison = await ImageComparison.of(model, 'it', { ...none, recipe, feeds });
  const found = await comparison.differenceOf(optimize(model).model);
  expect(standard.isMissed(found)).toBe(true);
  const difference = await comparison.withSpread(found, (it) => !standard.isMissed(it));
  expect(difference.outputs[0]?.spread).toBeGreaterThan(1e-5);
  expect(() => standard.refuse('it', difference)).not.toThrow();
});

import { expect, it } from '@jest/globals';
import { encodeModel } from '../../graph/file/write.js';
import { ints } from '../../graph/ir/attribute.js';
import { outlineOf } from '../../graph/ir/model.js';
import { int64Tensor } from '../../graph/ir/tensor.js';
import { LAYOUT_KEY, type Layout } from '../../graph/recipe/layout.js';
import { layoutOf, outputLayoutOf } from '../../runtime/layout.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { handmade, node } from '../support/graph.js';

const none = new Map<string, string>();
const SIDE = 6;
type Sizes = readonly (number | string)[];
const recipe = { normalization: { kind: 'unit' } } as const;
/** Three pixels in four rows, of three channels, every sample another. */
const image = {
  width: 3,
  height: 4,
  channels: 3,
  data: Uint8Array.from({ length: 36 }, (_, i) => 7 * i),
} as const;

/** The first two channels as independent classes, of whatever layouts. */
function model(
  taken: readonly (number | string)[],
  given: readonly (number | string)[],
  channels: number,
  turned: boolean,
) {
  const slice = node('Slice', ['input', 'from', 'to', 'axis'], [turned ? 'sliced' : 'mask']);
  return encodeModel(
    handmade({
      nodes: [
        slice,
        ...(turned ? [node('Transpose', ['sliced'], ['mask'], { perm: ints([0, 3, 1, 2]) })] : []),
      ],
      inputs: [{ name: 'input', type: { dtype: 'float32', shape: taken } }],
      outputs: [{ name: 'mask', type: { dtype: 'float32', shape: given } }],
      initializers: new Map([
        ['from', list([0])],
        ['to', list([2])],
        ['axis', list([channels])],
      ]),
    }),
  );
}

const list = (values: readonly number[]) => int64Tensor([values.length], values);

it('channels are last where the shape says so, and that is told as assumed', () => {
  expect(layoutOf([1, 3, 8, 8], 'tensor', none, undefined)).toEqual({ layout: 'NCHW', assumed: [] });
  expect(layoutOf([1, 8, 8, 3], 'tensor', none, undefined)).toMatchObject({
    layout: 'NHWC',
    assumed: [{ what: 'layout', option: 'layout' }],
  });
  expect(layoutOf([1, 'c', 'h', 'w'], 'tensor', none, undefined).layout).toBe('NCHW');
  expect(layoutOf([1, 24, 32, 2], 'tensor', none, undefined).layout).toBe('NHWC');
  expect(layoutOf([1, 'h', 'w', 12], 'tensor', none, undefined).layout).toBe('NHWC');
  expect(layoutOf([1, 8, 8, 12], 'tensor', none, 'NHWC')).toEqual({ layout: 'NHWC', assumed: [] });
  expect(layoutOf([1, 8, 8, 5], 'tensor', new Map([[LAYOUT_KEY, 'NHWC']]), undefined).layout).toBe('NHWC');
  expect(() => layoutOf([1, 3, 8, 8], 'tensor', new Map([[LAYOUT_KEY, 'x']]), undefined)).toThrow(
    /'x' is not one of NCHW, NHWC/,
  );
  expect(() => layoutOf([1, 8, 8, 3], 'image', none, 'NCHW')).toThrow(/contradicts/);
});

it('what is said of channels is refused where the shape has them elsewhere', () => {
  const message = "it takes [1,3,8,8], whose layout is NCHW: `layout: 'NHWC'` contradicts that";
  expect(() => layoutOf([1, 3, 8, 8], 'tensor', none, 'NHWC')).toThrow(
    expect.objectContaining({ code: 'BAD_USAGE', message }),
  );
  expect(() => layoutOf([1, 'h', 'w', 3], 'tensor', none, 'NCHW')).toThrow(/whose layout is NHWC/);
  expect(() => layoutOf([1, 3, 8, 8], 'tensor', new Map([[LAYOUT_KEY, 'NHWC']]), undefined)).toThrow(
    expect.objectContaining({
      code: 'BAD_MODEL',
      message: expect.stringContaining("its metadata nmode.layout: 'NHWC' contradicts that"),
    }),
  );
});

it('masks are where the shape of the output has them, whatever its open sizes are called', () => {
  const of = (taken: Sizes, given: Sizes, layout: Layout) => {
    const port = (name: string, shape: Sizes) => ({ name, type: { dtype: 'float32' as const, shape } });
    const outline = outlineOf(handmade({ inputs: [port('x', taken)], outputs: [port('y', given)] }));
    return outputLayoutOf(outline, { io: 'tensor', layout });
  };
  expect(of([1, 'h', 'w', 3], [1, 'a', 'b', 2], 'NHWC')).toBe('NHWC');
  expect(of([1, 'h', 'w', 3], [1, 2, 'a', 'b'], 'NHWC')).toBe('NCHW');
  expect(of([1, 3, 'h', 'w'], [1, 'a', 'b', 5], 'NCHW')).toBe('NHWC');
  expect(of([1, 24, 32, 3], [1, 2, 12, 16], 'NHWC')).toBe('NCHW');
  expect(of([1, 'h', 'w', 3], ['n', 'a', 'b', 'c'], 'NHWC')).toBe('NHWC');
});

it.each([
  ['last in both', [1, SIDE, SIDE, 3], [1, SIDE, SIDE, 2], 3, false],
  ['last in what it takes', [1, SIDE, SIDE, 3], [1, 2, SIDE, SIDE], 3, true],
] as const)(
  'a model of channels %s gives what one of channels first does',
  async (_, taken, given, channels, turned) => {
    const options = { threads: 1, recipe };
    await using first = await Segmenter.load(
      model([1, 3, SIDE, SIDE], [1, 2, SIDE, SIDE], 1, false),
      options,
    );
    await using last = await Segmenter.load(model(taken, given, channels, turned), options);
    const [wanted, found] = [await first.segment(image), await last.segment(image)];
    expect(found.probabilities).toEqual(wanted.probabilities);
    expect(last.classes).toBe(2);
    expect(last.assumed.map(({ what }) => what)).toContain('layout');
  },
);

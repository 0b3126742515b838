import { expect, it } from '@jest/globals';
import { LAYOUT_KEY } from '../../graph/common/layout.js';
import { encodeModel } from '../../graph/file/write.js';
import { ints } from '../../graph/ir/attribute.js';
import { int64Tensor } from '../../graph/ir/tensor.js';
import { layoutOf } from '../../runtime/layout.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { handmade, node } from '../support/graph.js';

const none = new Map<string, string>();
const SIDE = 6;
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
  expect(layoutOf([1, 8, 8, 3], 'tensor', none, 'NCHW')).toEqual({ layout: 'NCHW', assumed: [] });
  expect(layoutOf([1, 8, 8, 5], 'tensor', new Map([[LAYOUT_KEY, 'NHWC']]), undefined).layout).toBe('NHWC');
  expect(() => layoutOf([1, 3, 8, 8], 'tensor', new Map([[LAYOUT_KEY, 'x']]), undefined)).toThrow(
    /'x' is none of NCHW, NHWC/,
  );
  expect(() => layoutOf([1, 8, 8, 3], 'image', none, 'NCHW')).toThrow(/contradicts/);
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

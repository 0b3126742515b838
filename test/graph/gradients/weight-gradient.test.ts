import { expect, it } from '@jest/globals';
import {
  byConvolution,
  byGradientTaps,
  byInputTaps,
  weightGradient,
} from '../../../graph/gradients/weight-gradient.js';
import type { Window } from '../../../graph/gradients/windows.js';
import { input } from '../../../graph/ir/value.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { modelOf, run } from '../../support/graph.js';

/** A window of an axis, by what a convolution says of it. */
function windowOf(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
  end: number,
): Window {
  const count = Math.floor((size + before + end - dilation * (kernel - 1) - 1) / stride) + 1;
  const after = (count - 1) * stride + dilation * (kernel - 1) + 1 - size - before;
  return { size, count, kernel, stride, dilation, before, after };
}

const tensorsOf = (channels: number, outputs: number, windows: readonly Window[]) => ({
  x: input('x', 'float32', [2, channels, ...windows.map(({ size }) => size)]),
  dy: input('dy', 'float32', [2, outputs, ...windows.map(({ count }) => count)]),
});

it.each([
  ['1-dimensional', [windowOf(7, 3, 1, 1, 1, 1)]],
  ['padded unevenly', [windowOf(5, 3, 1, 1, 0, 2), windowOf(6, 2, 1, 1, 1, 0)]],
  ['dilated', [windowOf(7, 3, 1, 2, 2, 2), windowOf(6, 2, 1, 3, 0, 1)]],
  ['3-dimensional', [windowOf(3, 3, 1, 1, 1, 1), windowOf(4, 1, 1, 1, 0, 0), windowOf(4, 2, 1, 1, 1, 0)]],
])('every form of the gradient of a weight gives the same: %s', async (_, windows) => {
  const { x, dy } = tensorsOf(3, 2, windows);
  const forms = {
    convolution: byConvolution(x, dy, windows),
    inputs: byInputTaps(x, dy, windows, 1),
    gradients: byGradientTaps(x, dy, windows, 1),
  };
  const outputs = Object.fromEntries(Object.entries(forms).map(([name, value]) => [name, mul(value, 1)]));
  const found = await run(modelOf([x, dy], outputs), { x: x.shape.map(Number), dy: dy.shape.map(Number) });
  // Whole numbers, which float32 adds up exactly.
  expect(found.inputs).toEqual(found.convolution);
  expect(found.gradients).toEqual(found.convolution);
});

it('strided ones as well, of which two forms hold', async () => {
  const windows = [windowOf(9, 3, 2, 1, 1, 1), windowOf(8, 2, 3, 2, 0, 1)];
  const { x, dy } = tensorsOf(3, 2, windows);
  const outputs = { a: mul(byConvolution(x, dy, windows), 1), b: mul(byInputTaps(x, dy, windows, 1), 1) };
  const found = await run(modelOf([x, dy], outputs), { x: x.shape.map(Number), dy: dy.shape.map(Number) });
  expect(found.a).toEqual(found.b);
});

it('the fewest channels are copied, and none where copies would fill the memory', () => {
  const formOf = (channels: number, outputs: number, side: number) => {
    const windows = [windowOf(side, 3, 1, 1, 1, 1), windowOf(side, 3, 1, 1, 1, 1)];
    const { x, dy } = tensorsOf(channels, outputs, windows);
    const { nodes } = modelOf([x, dy], { w: mul(weightGradient(x, dy, windows, 1), 1) }).graph;
    if (nodes.some(({ opType }) => opType === 'Conv')) return 'none';
    return nodes.find(({ opType }) => opType === 'Pad')?.inputs[0];
  };
  expect(formOf(16, 3, 64)).toBe('dy');
  expect(formOf(3, 16, 64)).toBe('x');
  expect(formOf(64, 64, 512)).toBe('none');
});

import { expect, it } from '@jest/globals';
import { outlineOf } from '../../../graph/ir/model.js';
import { inputSpecOf } from '../../../runtime/input-spec.js';
import { refuseTooLarge } from '../../../runtime/node/run-memory.js';
import { handmade, node } from '../../support/graph.js';

const RECIPE = { version: 1, normalization: { kind: 'unit', bits: 8 } };

/** One channel of [1, 3, H, W], by windows or at the size of each image. */
function sized(shape: readonly (number | string)[], sizing: object) {
  const type = { dtype: 'float32', shape } as const;
  const model = handmade({
    nodes: [node('Sigmoid', ['image'], ['mask'])],
    inputs: [{ name: 'image', type }],
    outputs: [{ name: 'mask', type }],
  });
  const metadata = new Map([['nmode.recipe', JSON.stringify({ ...RECIPE, sizing })]]);
  const whole = { ...model, metadata };
  return { whole, spec: inputSpecOf(outlineOf(whole)) };
}

const side = 4096;
const bytes = 2 * 3 * side ** 2 * 4;

it.each([
  [[1, 3, side, side], 'a fixed size'],
  [['N', 3, 'H', 'W'], 'an open one'],
])('a run of more feature maps than memory is refused before it begins: %j, %s', (shape) => {
  const { whole, spec } = sized(shape, { kind: 'resize', height: side, width: side });
  expect(() => refuseTooLarge(whole, 'm.onnx', spec, bytes)).not.toThrow();
  expect(() => refuseTooLarge(whole, 'm.onnx', spec, bytes - 1)).toThrow(
    /^m\.onnx: a run on 4096x4096 pixels holds 0\.4 GB of feature maps at once, and 0\.4 GB of memory may be used: run it where there is more, or export/,
  );
});

it('what is small, or is cut into tiles by a budget, is not counted', () => {
  const small = sized([1, 3, 64, 64], { kind: 'resize', height: 64, width: 64 });
  expect(() => refuseTooLarge(small.whole, 'm.onnx', small.spec, 1)).not.toThrow();
  const padded = sized(['N', 3, 'H', 'W'], { kind: 'pad', multiple: 16 });
  expect(() => refuseTooLarge(padded.whole, 'm.onnx', padded.spec, 1)).not.toThrow();
});

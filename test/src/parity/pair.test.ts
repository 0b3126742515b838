import { expect, it } from '@jest/globals';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { pairTensors } from '../../../src/parity/pair.js';

const MODEL = { inputs: [{ name: 'input' }], outputs: [{ name: 'mask' }] };
const paired = (...names: readonly string[]) => {
  const tensors = names.map((name, index) => [name, float32Tensor([1], Float32Array.of(index))] as const);
  const { inputs, expected } = pairTensors(MODEL, new Map(tensors));
  return [inputs.input?.name, ...expected.map(([, { name }]) => name)];
};

it('pairs by names, or what is left of them in that order', () => {
  expect(paired('input', 'mask', 'more')).toEqual(['input', 'mask']);
  expect(paired('x', 'y')).toEqual(['x', 'y']);
  expect(paired('input', 'y')).toEqual(['input', 'y']);
});

it('takes the output of a usual name where others stand beside it, as those of deep supervision', () => {
  expect(paired('ds_1', 'ds_2', 'input', 'output')).toEqual(['input', 'output']);
  expect(paired('logits', 'input', 'features')).toEqual(['input', 'logits']);
});

it.each([[['input', 'a', 'b']], [['input', 'logits', 'probabilities']], [['x', 'output', 'ds_1']]])(
  'asks for names in %j, of which several may be meant',
  (names) => {
    expect(() => paired(...names)).toThrow(
      /no tensor for .*mask: it holds .*; give tensors these names, or leave only the input and the outputs/,
    );
  },
);

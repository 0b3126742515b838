import { expect, it } from '@jest/globals';
import { float32Tensor, tensorOf } from '../../../graph/ir/tensor.js';
import { constant } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import { conv } from '../../../graph/ops/conv.js';
import { dequantizeLinear, quantizeLinear } from '../../../graph/ops/quantize-linear.js';
import { reachedBy } from '../../../graph/precision/reached.js';
import { handmade, modelOf, node, zeros } from '../../support/graph.js';
import { filled, image } from '../../support/rewritten.js';

const x = image('x', 1, 4, 8, 8);
const weight = filled([4, 4, 1, 1], Array(16).fill(0.5));

it('half precision: what gives halves, of all that depends on the image', () => {
  const half = conv(cast(x, 'float16'), cast(weight, 'float16'));
  const wide = filled([12, 4, 1, 1], Array(48).fill(0.5));
  const model = modelOf([x], { y: cast(half, 'float32'), z: conv(x, wide) });
  expect(reachedBy('fp16', model)).toEqual({ share: 0.25, of: 'multiply-adds' });
});

it('integers: a convolution whose weights are float reads integers and is none', () => {
  const [scale, zero] = [constant(float32Tensor([], [1])), constant(tensorOf('uint8', [], Uint8Array.of(0)))];
  const input = dequantizeLinear(quantizeLinear(x, scale, zero), scale, zero);
  const integers = constant(tensorOf('int8', [4, 4, 1, 1], new Int8Array(16)));
  const weights = dequantizeLinear(integers, scale, undefined);
  const both = modelOf([x], { y: conv(input, weights), z: conv(input, weight) });
  expect(reachedBy('int8', both)).toEqual({ share: 0.5, of: 'multiply-adds' });
  expect(reachedBy('int8', modelOf([x], { y: conv(x, weight) }))).toEqual({ share: 0, of: 'multiply-adds' });
  expect(reachedBy('int8', modelOf([x], { y: input }))).toBeUndefined();
});

it('where sizes are not known, weights are counted', () => {
  const model = handmade({
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 4, 8, 8] } }],
    outputs: [{ name: 'y' }],
    initializers: new Map([
      ['a', zeros([2, 4, 1, 1])],
      ['b', zeros([12, 2, 1, 1])],
    ]),
    nodes: [
      node('Conv', ['x', 'a'], ['first']),
      { ...node('Twist', ['first'], ['second']), domain: 'org.example' },
      node('Conv', ['second', 'b'], ['y']),
    ],
  });
  expect(reachedBy('fp16', model)).toEqual({ share: 0, of: 'weights' });
  const declared = { name: 'second', type: { dtype: 'float32', shape: [1, 2, 8, 8] } } as const;
  const told = { ...model, graph: { ...model.graph, valueInfo: [declared] } };
  expect(reachedBy('fp16', told)).toEqual({ share: 0, of: 'multiply-adds' });
});

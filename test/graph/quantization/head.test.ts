import { describe, expect, it } from '@jest/globals';
import type { Model } from '../../../graph/ir/model.js';
import { apply } from '../../../graph/ir/op.js';
import type { Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { add, div, mul } from '../../../graph/ops/elementwise.js';
import { reshape } from '../../../graph/ops/reshape.js';
import { resizeLinear, resizeLinearTo } from '../../../graph/ops/resize.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { sliceAxis } from '../../../graph/ops/slice.js';
import { transpose } from '../../../graph/ops/transpose.js';
import { clip, gelu, hardSwish, LeakyRelu, relu, sigmoid, silu, softmax } from '../../../graph/ops/unary.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { quantizableLayers } from '../../../graph/quantization/layers.js';
import { modelOf } from '../../support/graph.js';
import { convolved, image } from '../../support/rewritten.js';

const x = image('x', 1, 3, 16, 16);
const same = { kernel: [3, 3], pads: [1, 1, 1, 1] };
const layer = (value: Value, name: string, channels = 8) => convolved(value, name, { channels, ...same });
const head = (value: Value, name: string, channels = 1) => convolved(value, name, { channels });
const double = (value: Value) => resizeLinear(value, [2, 2], 'half_pixel');

/** Convolutions that may run on integers, by the names of their weights. */
function quantizable(model: Model): string[] {
  const names = new Set(quantizableLayers(model).map(({ name }) => name));
  const layers = model.graph.nodes.filter(({ outputs }) => names.has(outputs[0] ?? ''));
  return layers.map(({ inputs }) => (inputs[1] ?? '').replace('.weight', ''));
}

const features = relu(layer(x, 'a'));
const deep = relu(layer(features, 'b'));

describe('a convolution stays in float where an output is computed from it alone', () => {
  const logits = head(deep, 'head', 3);
  const cases: Readonly<Record<string, Value>> = {
    'as it is': logits,
    'a sigmoid': sigmoid(logits),
    'a softmax': softmax(logits, 1),
    'resized, before a sigmoid': sigmoid(double(double(logits))),
    'resized behind a sigmoid': double(sigmoid(logits)),
    'resized to the size of the image': sigmoid(resizeLinearTo(logits, shapeOf(x), 'half_pixel')),
    'sliced and joined': sigmoid(concat([sliceAxis(logits, 1, 1, 3), sliceAxis(logits, 1, 0, 1)], 1)),
    moved: reshape(transpose(softmax(logits, 1), [0, 2, 3, 1]), [256, 3]),
    'at a temperature, within bounds': clip(add(div(logits, 6), 0.5), 0, 1),
    'with an activation of its own': relu(logits),
    'a leaky one': apply(LeakyRelu, [logits]),
  };
  it.each(Object.entries(cases))('%s', (_, y) => {
    const model = modelOf([x], { y });
    expect(quantizable(model)).toEqual(['a', 'b']);
  });

  it('also where rules for a processor have made products of it', () => {
    const y = sigmoid(double(convolved(deep, 'head', { channels: 1, ...same })));
    const { model, changes } = optimize(modelOf([x], { y }), { integers: true });
    expect(changes).toMatchObject({ 'resize as products': 1 });
    expect(quantizable(model)).toEqual(['a', 'b']);
  });
});

describe('several heads, and all of each', () => {
  it('logits of two scales that are added', () => {
    const y = sigmoid(
      add(
        head(deep, 'fine'),
        double(head(relu(convolved(deep, 'c', { channels: 8, ...same, strides: [2, 2] })), 'coarse')),
      ),
    );
    expect(quantizable(modelOf([x], { y }))).toEqual(['a', 'b', 'c']);
  });

  it('classes that are joined before a softmax', () => {
    const y = softmax(concat([head(features, 'one'), head(deep, 'other', 2)], 1), 1);
    expect(quantizable(modelOf([x], { y }))).toEqual(['a', 'b']);
  });

  it('deep supervision: outputs of several depths, and their mean', () => {
    const heads = [head(features, 'first'), head(deep, 'second')].map((logits) => sigmoid(logits));
    const [one = x, two = x] = heads;
    const outputs = { one, two, mean: div(add(one, two), 2) };
    expect(quantizable(modelOf([x], outputs))).toEqual(['a', 'b']);
  });

  it('a mask that is gated by another', () => {
    const y = mul(sigmoid(head(deep, 'mask')), sigmoid(head(features, 'edge')));
    expect(quantizable(modelOf([x], { y }))).toEqual(['a', 'b']);
  });

  it('features beside a mask, with their activation, but not what a sum of them is made of', () => {
    const sum = relu(add(layer(features, 'branch'), features));
    expect(quantizable(modelOf([x], { y: head(sum, 'head'), sum }))).toEqual(['a', 'branch']);
  });
});

describe('an activation inside of a network is no head', () => {
  const end = (value: Value) => modelOf([x], { y: sigmoid(head(value, 'head')) });

  it.each(Object.entries({ silu, gelu, hardSwish, sigmoid }))('%s', (_, activation) => {
    const chain = ['a', 'b', 'c'].reduce((value, name) => activation(layer(value, name)), x);
    expect(quantizable(end(chain))).toEqual(['a', 'b', 'c']);
  });

  it('the gate of attention over pixels', () => {
    const gate = head(relu(add(layer(features, 'g'), layer(deep, 's'))), 'psi');
    const attended = mul(features, sigmoid(gate));
    const found = quantizable(end(relu(layer(concat([attended, deep], 1), 'd'))));
    expect(found.sort()).toEqual(['a', 'b', 'd', 'g', 'psi', 's']);
  });

  it('a softmax between', () => {
    const attended = mul(deep, softmax(layer(deep, 'keys'), 1));
    expect(quantizable(end(relu(layer(attended, 'c'))))).toEqual(['a', 'b', 'keys', 'c']);
  });

  it('the size of a feature that logits are resized to', () => {
    const small = convolved(deep, 'c', { channels: 8, ...same, strides: [2, 2] });
    const sizes = shapeOf(layer(features, 'big'));
    const y = sigmoid(resizeLinearTo(head(relu(small), 'head'), sizes, 'half_pixel'));
    expect(quantizable(modelOf([x], { y }))).toContain('big');
  });

  it('the gate of squeeze-and-excitation is left alone, as it has one pixel', () => {
    const pooled = convolved(deep, 'squeeze', { channels: 8, kernel: [16, 16] });
    const gate = sigmoid(convolved(relu(pooled), 'excite', { channels: 8 }));
    expect(quantizable(end(relu(layer(mul(deep, gate), 'c'))))).toEqual(['a', 'b', 'c']);
  });
});

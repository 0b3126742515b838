import { describe, expect, it } from '@jest/globals';
import { readOutline } from '../../../graph/file/outline.js';
import { encodeModel } from '../../../graph/file/write.js';
import { type Model, outlineOf } from '../../../graph/ir/model.js';
import { outputActivation } from '../../../graph/ir/output-activation.js';
import type { Value } from '../../../graph/ir/value.js';
import { add, div, mul } from '../../../graph/ops/elementwise.js';
import { resizeNearest } from '../../../graph/ops/resize.js';
import { transpose } from '../../../graph/ops/transpose.js';
import { clip, relu, sigmoid, softmax } from '../../../graph/ops/unary.js';
import { handmade, node } from '../../support/graph.js';
import { COLOURS, pixelwise } from '../../support/pixelwise.js';

const endingIn = (end: (logits: Value) => Value): Model => pixelwise({ ...COLOURS, end });

describe('what a model ends in', () => {
  it.each<[string, string, Model]>([
    ['logits', 'a convolution', endingIn((x) => x)],
    ['logits', 'a convolution that is doubled in size', endingIn((x) => resizeNearest(x, [2, 2]))],
    ['logits', 'the sum of two', endingIn((x) => add(x, x))],
    ['logits', 'a convolution with a constant added', endingIn((x) => add(x, 1))],
    ['sigmoid', 'a sigmoid', endingIn(sigmoid)],
    ['sigmoid', 'a sigmoid whose values are moved', endingIn((x) => transpose(sigmoid(x), [0, 1, 3, 2]))],
    ['softmax', 'a softmax', endingIn((x) => softmax(x, 1))],
    ['softmax', 'a softmax that is doubled in size', endingIn((x) => resizeNearest(softmax(x, 1), [2, 2]))],
    [
      'softmax',
      'a softmax over the last axis',
      endingIn((x) => transpose(softmax(transpose(x, [0, 2, 3, 1]), 3), [0, 3, 1, 2])),
    ],
    ['unknown', 'a clip', endingIn((x) => clip(x, 0, 1))],
    ['unknown', 'a rectifier', endingIn(relu)],
    ['unknown', 'a sigmoid times logits', endingIn((x) => mul(x, sigmoid(x)))],
    ['unknown', 'the mean of two sigmoids', endingIn((x) => div(add(sigmoid(x), sigmoid(x)), 2))],
  ])('is %s for %s, in Node and in browsers', (end, _, model) => {
    expect(outlineOf(model).activation).toBe(end);
    expect(readOutline(encodeModel(model), 'm').activation).toBe(end);
  });

  it('is a softmax where its parts are written out, and logits behind a LogSoftmax', () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['c']),
      node('Exp', ['c'], ['e']),
      node('ReduceSum', ['e', 'axes'], ['s']),
      node('Div', ['e', 's'], ['y']),
    ];
    expect(outputActivation(nodes, 'y')).toBe('softmax');
    expect(outputActivation([node('Softmax', ['x'], ['p']), node('LogSoftmax', ['x'], ['y'])], 'y')).toBe(
      'logits',
    );
  });

  it('of a graph that joins without end is not known, and is said at once', () => {
    const doubling = Array.from({ length: 5000 }, (_, at) =>
      node('Add', [`v${at}`, `v${at}`], [`v${at + 1}`]),
    );
    const model = handmade({ nodes: doubling, outputs: [{ name: 'v5000' }] });
    expect(outlineOf(model).activation).toBe('unknown');
  });
});

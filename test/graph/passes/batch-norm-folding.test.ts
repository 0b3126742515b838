import { describe, expect, it } from '@jest/globals';
import { int, ints, string } from '../../../graph/ir/attribute.js';
import { apply } from '../../../graph/ir/op.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { ConvTranspose } from '../../../graph/ops/conv-transpose.js';
import { add } from '../../../graph/ops/elementwise.js';
import { relu } from '../../../graph/ops/unary.js';
import { batchNormFolding } from '../../../graph/passes/batch-norm-folding.js';
import { grid, modelOf, run } from '../../support/graph.js';
import {
  attributed,
  convolved,
  expectHolds,
  expectRefuses,
  image,
  normalized,
  overridable,
  random,
  weight,
} from '../../support/rewritten.js';

const x = image('x', 2, 4, 6, 5);

describe('a normalisation moves into the convolution before it', () => {
  const choices = {
    transposed: [0, 1],
    group: [1, 2, 4],
    stride: [1, 2],
    pad: [0, 1],
    dilation: [1, 2],
    bias: [0, 1],
  };

  it('of whatever window, groups and bias', async () => {
    for (const { transposed, group, stride, pad, dilation, bias } of grid(choices)) {
      const y = convolved(x, 'c', {
        channels: 8,
        kernel: [3, 2],
        group,
        strides: [stride, 1],
        pads: [pad, 0, 1, pad],
        dilations: [dilation, 1],
        bias: bias === 1,
        transposed: transposed === 1,
      });
      const { operators } = await expectHolds(modelOf([x], { out: normalized(y, 'n') }), batchNormFolding);
      expect(Object.keys(operators)).toEqual([transposed === 1 ? 'ConvTranspose' : 'Conv']);
    }
  });

  it('which may state its size in place of its padding', async () => {
    for (const size of [{ auto_pad: string('SAME_UPPER') }, { output_shape: ints([13, 11]) }]) {
      const kernel = weight('c.weight', 4, 3, 3, 3);
      const y = apply(ConvTranspose, [x, kernel], { strides: ints([2, 2]), ...size });
      await expectHolds(modelOf([x], { out: normalized(y, 'n') }), batchNormFolding);
    }
  });

  it('along one axis and three', async () => {
    for (const space of [[7], [4, 3, 5]]) {
      const series = image('x', 1, 2, ...space);
      const y = convolved(series, 'c', { channels: 3, kernel: space.map(() => 2) });
      await expectHolds(modelOf([series], { out: normalized(y, 'n') }), batchNormFolding);
    }
  });

  it('keeps the name of an output, and of weights and bias', async () => {
    const y = convolved(x, 'c', { channels: 3, bias: false });
    const { model } = await expectHolds(modelOf([x], { mask: normalized(y, 'n') }), batchNormFolding);
    expect(model.graph.nodes).toMatchObject([{ inputs: ['x', 'c.weight', 'c.bias'], outputs: ['mask'] }]);
    expect([...model.graph.initializers.keys()]).toEqual(['c.weight', 'c.bias']);
  });

  it('a chain of normalisations ends in one convolution', async () => {
    let y = convolved(x, 'c', { channels: 3 });
    for (let at = 0; at < 3; at++)
      y = normalized(relu(normalized(convolved(y, `c${at}`, { channels: 3 }), `a${at}`)), `b${at}`);
    const { operators } = await expectHolds(modelOf([x], { out: y }), batchNormFolding);
    expect(operators).toEqual({ Conv: 4, Relu: 3, BatchNormalization: 3 });
  });

  it('weights that two convolutions share keep their values for the other', async () => {
    const [a, b] = [convolved(x, 'c', { channels: 3 }), relu(x)];
    const source = a.source.kind === 'operation' ? a.source.operation.inputs : [];
    const other = {
      ...a,
      source: {
        kind: 'operation',
        operation: { opType: 'Conv', scope: '', inputs: [b, ...source.slice(1)], attributes: new Map() },
      },
    } as const;
    const before = modelOf([x], { out: normalized(a, 'n'), other });
    const { model } = await expectHolds(before, batchNormFolding);
    const kept = model.graph.initializers.get('c.weight');
    expect(kept && float32Values(kept)).toEqual(random('c.weight', [3, 4, 1, 1]));
  });
});

describe('it stays', () => {
  const y = convolved(x, 'c', { channels: 3 });
  const plain = modelOf([x], { out: normalized(y, 'n') });

  it('where others read the convolution', () => {
    expectRefuses(modelOf([x], { out: normalized(y, 'n'), other: relu(y) }), batchNormFolding);
    expectRefuses(modelOf([x], { out: add(normalized(y, 'n'), y) }), batchNormFolding);
    expectRefuses(modelOf([x], { out: normalized(y, 'n'), features: y }), batchNormFolding);
  });

  it('where there is no convolution', () => {
    expectRefuses(modelOf([x], { out: normalized(x, 'n') }), batchNormFolding);
    expectRefuses(modelOf([x], { out: normalized(relu(y), 'n') }), batchNormFolding);
  });

  it.each(['c.weight', 'c.bias', 'n.weight', 'n.running_var'])('where %s may be given', async (name) => {
    const model = overridable(plain, name);
    expectRefuses(model, batchNormFolding);
    expect(Object.keys(await run(model, { x: [2, 4, 6, 5] }))).toEqual(['out']);
  });

  it('in training, and in an opset of another form', () => {
    expectRefuses(attributed(plain, 'BatchNormalization', { training_mode: int(1) }), batchNormFolding);
    expectRefuses({ ...plain, opsets: new Map([['', 8]]) }, batchNormFolding);
  });
});

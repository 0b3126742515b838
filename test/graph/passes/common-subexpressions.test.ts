import { describe, expect, it } from '@jest/globals';
import { float, int, string } from '../../../graph/ir/attribute.js';
import type { Node } from '../../../graph/ir/model.js';
import { add, mul } from '../../../graph/ops/elementwise.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { relu, tanh } from '../../../graph/ops/unary.js';
import { commonSubexpressions } from '../../../graph/passes/common-subexpressions.js';
import { rewrite } from '../../../graph/rewriting/rewrite.js';
import { handmade, modelOf, node } from '../../support/graph.js';
import { convolved, expectHolds, expectRefuses, image } from '../../support/rewritten.js';

const x = image('x', 1, 2, 4, 4);

/** A model from x to the outputs named, all [1, 2, 4, 4]. */
function written(nodes: readonly Node[], ...outputs: string[]) {
  const declared = (name: string) => ({ name, type: { dtype: 'float32', shape: [1, 2, 4, 4] } as const });
  return handmade({ nodes, inputs: [declared('x')], outputs: outputs.map(declared) });
}

describe('what several nodes compute is computed once', () => {
  it('whole branches, one node after the other', async () => {
    const branch = () => resizeLinear(relu(mul(x, 0.5)), [2, 2], 'half_pixel');
    const { operators } = await expectHolds(
      modelOf([x], { out: add(branch(), tanh(branch())) }),
      commonSubexpressions(),
    );
    expect(operators).toEqual({ Mul: 1, Relu: 1, Resize: 1, Tanh: 1, Add: 1 });
  });

  it('with the same attributes in whatever order', async () => {
    const [size, mode] = [int(2), string('CRD')];
    const wide = (output: string, attributes: Parameters<typeof node>[3]) =>
      node('DepthToSpace', ['many'], [output], attributes);
    const nodes = [
      node('Concat', ['x', 'x', 'x', 'x'], ['many'], { axis: int(1) }),
      wide('a', { blocksize: size, mode }),
      wide('b', { mode, blocksize: size }),
      node('Add', ['a', 'b'], ['c']),
      node('MaxPool', ['c'], ['y'], {
        kernel_shape: { type: 'ints', value: [2, 2] },
        strides: { type: 'ints', value: [2, 2] },
      }),
    ];
    const { operators } = await expectHolds(written(nodes, 'y'), commonSubexpressions());
    expect(operators.DepthToSpace).toBe(1);
  });

  it('but an output keeps its name', async () => {
    const model = modelOf([x], { a: relu(x), b: relu(x), sum: add(relu(x), x) });
    const { operators, model: after } = await expectHolds(model, commonSubexpressions());
    expect(operators).toEqual({ Relu: 2, Add: 1 });
    expect(after.graph.nodes.at(-1)?.inputs).toEqual(['a', 'x']);
  });

  it('anew at each use', () => {
    const model = modelOf([x], { out: add(relu(x), relu(x)) });
    for (let use = 0; use < 2; use++) expect(rewrite(model, commonSubexpressions()).changes).toBe(1);
  });
});

describe('they stay', () => {
  it('where inputs, their order or attributes differ', () => {
    const y = image('y', 1, 2, 4, 4);
    const out = add(add(relu(x), relu(y)), add(relu(y), tanh(x)));
    expect(rewrite(modelOf([x, y], { out }), commonSubexpressions()).changes).toBe(1);
    expectRefuses(modelOf([x], { a: mul(add(x, 1), 2), b: mul(add(x, 2), 2) }), commonSubexpressions());
    const [a, b] = [resizeLinear(x, [2, 2], 'half_pixel'), resizeLinear(x, [2, 2], 'align_corners')];
    expectRefuses(modelOf([x], { a, b }), commonSubexpressions());
    const convs = [convolved(x, 'a', { channels: 2 }), convolved(x, 'b', { channels: 2 })] as const;
    expectRefuses(modelOf([x], { a: convs[0], b: convs[1] }), commonSubexpressions());
  });

  it('where they are not known, of another domain, or have two outputs', () => {
    const twice = (opType: string, attributes = {}, domain = '', more: readonly string[] = []) => [
      ...['a', 'b'].map((name) => ({
        ...node(opType, ['x'], [name, ...more.map((each) => each + name)], attributes),
        domain,
      })),
      node('Add', ['a', 'b'], ['y']),
    ];
    for (const nodes of [
      twice('RandomNormalLike', { seed: float(1) }),
      twice('Dropout', {}, '', ['mask']),
      twice('Dropout'),
      twice('Relu', {}, 'org.example'),
      twice('MaxPool', { kernel_shape: { type: 'ints', value: [1, 1] } }, '', ['indices']),
    ]) {
      expectRefuses(written(nodes, 'y'), commonSubexpressions());
    }
  });
});

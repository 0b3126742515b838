import { describe, expect, it } from '@jest/globals';
import { NmodeError } from '../../../graph/common/errors.js';
import type { Attribute } from '../../../graph/ir/attribute.js';
import { scope } from '../../../graph/ir/value.js';
import { add, mul } from '../../../graph/ops/elementwise.js';
import { relu, tanh } from '../../../graph/ops/unary.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { type Rule, rewrite } from '../../../graph/rewriting/rewrite.js';
import { handmade, modelOf, node } from '../../support/graph.js';
import {
  convolved,
  expectRefuses,
  expectSame,
  image,
  normalized,
  operatorsOf,
  weight,
} from '../../support/rewritten.js';

const x = image('x', 1, 2, 4, 4);

/** relu(x) -> tanh(relu(x)), each time. */
const twice: Rule = (node, graph) => {
  const [value] = node.inputs.map((name) => graph.value(name));
  return node.opType === 'Relu' && value ? tanh(relu(value)) : undefined;
};

describe('names', () => {
  it('outputs keep theirs; new nodes have the scope of those whose place they take', () => {
    const model = modelOf([x], { mask: scope('a.b', () => relu(x)), other: scope('c', () => tanh(relu(x))) });
    const { graph } = rewrite(model, twice).model;
    expect(graph.outputs).toEqual(model.graph.outputs);
    expect(graph.nodes).toMatchObject([
      { name: 'a.b/Relu', outputs: ['a.b/Relu'] },
      { name: 'a.b/Tanh', outputs: ['mask'] },
      { name: 'c/Relu' },
      { name: 'c/Tanh_2' },
      { inputs: ['c/Tanh_2'], outputs: ['other'] },
    ]);
  });

  it('are given once, however often a graph is rewritten', () => {
    let model = modelOf([x, image('Tanh', 1, 2, 4, 4)], { Relu_2: add(relu(x), relu(tanh(x))) });
    for (let time = 0; time < 4; time++) model = rewrite(model, twice).model;
    const { nodes, inputs } = model.graph;
    const values = [...inputs.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)];
    expect(new Set(values).size).toBe(values.length);
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
  });

  it('foreign nodes need none', async () => {
    const declared = (name: string) => ({ name, type: { dtype: 'float32', shape: [1, 2, 4, 4] } as const });
    const nodes = [node('Relu', ['x'], ['a']), node('Relu', ['a'], ['b']), node('Neg', ['b'], ['y'])];
    const unnamed = nodes.map((each) => ({ ...each, name: '' }));
    const model = handmade({ nodes: unnamed, inputs: [declared('x')], outputs: [declared('y')] });
    const rule: Rule = (node, graph) => {
      const value = graph.value(node.inputs[0] ?? '');
      return node.opType === 'Relu' && value ? mul(relu(value), 2) : undefined;
    };
    const { model: after, changes } = rewrite(model, rule);
    expect(changes).toBe(2);
    expect(operatorsOf(after)).toEqual({ Relu: 2, Mul: 2, Neg: 1 });
    expect([...after.graph.initializers.values()]).toHaveLength(1);
    const halved = rewrite(after, (node, graph) =>
      node.opType === 'Mul' ? graph.value(node.inputs[0] ?? '') : undefined,
    );
    await expectSame(model, halved.model);
  });
});

describe('what is left', () => {
  const skip: Rule = (node, graph) =>
    node.opType === 'Tanh' ? graph.value(node.inputs[0] ?? '') : undefined;

  it('nothing that no output needs', () => {
    const y = convolved(x, 'c', { channels: 2 });
    const rule: Rule = (node, graph) => (node.opType === 'Relu' ? tanhOf(graph.value('x')) : undefined);
    const { graph } = rewrite(modelOf([x], { out: tanh(relu(normalized(y, 'n'))) }), rule).model;
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Tanh', 'Tanh']);
    expect(graph.initializers.size).toBe(0);
  });

  it('an initializer that is an input or an output, read or not', () => {
    const model = modelOf([x], { out: relu(tanh(add(x, weight('w', 1, 2, 4, 4)))) });
    const w = { name: 'w', type: { dtype: 'float32', shape: [1, 2, 4, 4] } as const };
    const read = {
      ...model.graph,
      nodes: model.graph.nodes
        .slice(1)
        .map((each) => ({ ...each, inputs: each.inputs.map((name) => (name === 'Add' ? 'x' : name)) })),
    };
    for (const graph of [
      { ...read, inputs: [...read.inputs, w] },
      { ...read, outputs: [...read.outputs, w] },
    ]) {
      expect([...rewrite({ ...model, graph }, skip).model.graph.initializers.keys()]).toEqual(['w']);
    }
  });

  it('what is not read of a model, and what is declared of values that are still there', () => {
    const unread = [Uint8Array.of(1, 2, 3)];
    const plain = modelOf([x], { out: relu(tanh(relu(x))) });
    const valueInfo = ['Relu', 'Tanh'].map((name) => ({
      name,
      type: { dtype: 'float32', shape: [1, 2, 4, 4] } as const,
      unread,
    }));
    const nodes = plain.graph.nodes.map((each) => ({ ...each, unread }));
    const model = {
      ...plain,
      unread,
      metadata: new Map([['k', 'v']]),
      graph: { ...plain.graph, unread, valueInfo, nodes },
    };
    const { model: after, changes } = rewrite(model, skip);
    expect(changes).toBe(1);
    expect(after).toMatchObject({ unread, metadata: model.metadata, graph: { unread, name: 'test' } });
    expect(after.graph.nodes.map((each) => each.unread)).toEqual([unread, unread]);
    expect(after.graph.valueInfo.map(({ name }) => name)).toEqual(['Relu']);
  });

  it('everything, where a rule has an existing value for an output', () => {
    expectRefuses(modelOf([x], { out: tanh(relu(x)) }), skip);
  });
});

it('a graph with a subgraph that cannot be read is refused, by the name of the node', () => {
  const branch: Attribute = { type: 'subgraph', bytes: new Uint8Array() };
  const model = handmade({ nodes: [node('If', ['x'], ['choice'], { then_branch: branch })] });
  for (const attempt of [() => rewrite(model, () => undefined), () => optimize(model)]) {
    expect(attempt).toThrow(NmodeError);
    expect(attempt).toThrow(/'choice' \(If\) holds a subgraph that cannot be read/);
  }
});

function tanhOf(value: Parameters<typeof tanh>[0] | undefined) {
  return value && tanh(value);
}

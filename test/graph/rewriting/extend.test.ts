import { describe, expect, it } from '@jest/globals';
import { prune } from '../../../graph/analysis/prune.js';
import type { ValueInfo } from '../../../graph/ir/model.js';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { initializer } from '../../../graph/ir/value.js';
import { add } from '../../../graph/ops/elementwise.js';
import { relu } from '../../../graph/ops/unary.js';
import { extend, tensorOf } from '../../../graph/rewriting/extend.js';
import { handmade, node, run, zeros } from '../../support/graph.js';

const float = (name: string): ValueInfo => ({ name, type: { dtype: 'float32', shape: [2] } });
const twos = { dtype: 'float32', shape: [2] } as const;

/** x -> a -> b -> y, and time -> c, which y needs as well. */
const model = handmade({
  nodes: [
    node('Add', ['x', 'w'], ['a']),
    node('Relu', ['a'], ['b']),
    node('Mul', ['time', 'v'], ['c']),
    node('Add', ['b', 'c'], ['y']),
  ],
  inputs: [float('x'), float('time')],
  outputs: [float('y')],
  valueInfo: [float('a'), float('b')],
  initializers: new Map([
    ['w', float32Tensor([2], [-1, 1])],
    ['v', zeros([2])],
  ]),
});

describe('prune', () => {
  it('keeps what the tensors need, and what is declared of it', () => {
    const { graph } = prune(model, ['a']);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['a']);
    expect(graph.inputs).toEqual([float('x')]);
    expect(graph.outputs).toEqual([float('a')]);
    expect(graph.valueInfo).toEqual([]);
    expect([...graph.initializers.keys()]).toEqual(['w']);
    expect(prune(model, ['b']).graph.valueInfo).toEqual([float('a')]);
  });

  it('keeps all that a subgraph may read', () => {
    const nested = node('If', ['a'], ['d'], { then_branch: { type: 'subgraph', bytes: new Uint8Array() } });
    const { graph } = model;
    const whole = {
      ...model,
      graph: { ...graph, nodes: [...graph.nodes, nested, node('Relu', ['y'], ['z'])] },
    };
    const kept = prune(whole, ['d']).graph;
    expect(kept.nodes.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'y', 'd']);
    expect(kept.inputs).toEqual(graph.inputs);
    expect([...kept.initializers.keys()]).toEqual(['w', 'v']);
  });

  it('an output that a node leaves out is needed by nobody', () => {
    const nodes = [node('Dropout', ['x'], ['', 'mask']), node('Clip', ['x', '', 'v'], ['a'])];
    const { graph } = prune({ ...model, graph: { ...model.graph, nodes } }, ['a']);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Clip']);
  });
});

describe('extend', () => {
  it('goes on to compute from tensors that are there, under names that are free', async () => {
    const weight = initializer('bias', float32Tensor([2], [10, 20]));
    const grown = extend(prune(model, ['a']), { mask: relu(add(tensorOf('a', twos), weight)) });
    expect(grown.graph.outputs).toEqual([float('mask')]);
    expect(grown.graph.valueInfo).toEqual([float('a')]);
    const { mask } = await run(grown, { x: [2] });
    expect(mask?.data).toEqual([9, 22]);
  });

  it('refuses names that the model has', () => {
    const value = relu(tensorOf('a', twos));
    expect(() => extend(model, { b: value })).toThrow("two values are named 'b': rename it in the model");
    const taken = add(tensorOf('a', twos), initializer('w', zeros([2])));
    expect(() => extend(model, { mask: taken })).toThrow(
      "the name 'w' is taken: a weight cannot have it: rename it in the model",
    );
  });
});

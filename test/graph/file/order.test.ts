import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { inOrder } from '../../../graph/file/order.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Node } from '../../../graph/ir/model.js';
import { handmade, node, run } from '../../support/graph.js';

const names = (nodes: readonly Node[]) => nodes.map(({ name }) => name);
const chain = [node('Relu', ['x'], ['a']), node('Neg', ['a'], ['b']), node('Abs', ['b'], ['y'])] as const;

describe('nodes in any order', () => {
  it('are read in one in which they can run, as onnxruntime runs them', async () => {
    const model = handmade({
      nodes: [chain[2], chain[1], chain[0]],
      inputs: [{ name: 'x', type: { dtype: 'float32', shape: [2] } }],
      outputs: [{ name: 'y', type: { dtype: 'float32', shape: [2] } }],
    });
    const read = parseModel(encodeModel(model), 'it');
    expect(names(read.graph.nodes)).toEqual(['a', 'b', 'y']);
    check(read);
    expect(await run(read, { x: [2] })).toEqual(await run(model, { x: [2] }));
  });

  it('stay as they are where they are in one', () => {
    const nodes = [node('Relu', ['x'], ['a']), node('Relu', ['x'], ['b']), node('Add', ['a', 'b'], ['y'])];
    expect(inOrder(nodes)).toBe(nodes);
  });

  it('stand behind what their branches read', () => {
    const body = handmade({ nodes: [node('Neg', ['a'], ['inner'])], outputs: [{ name: 'inner' }] }).graph;
    const branch = node('If', ['x'], ['y'], { then_branch: { type: 'subgraph', graph: body } });
    expect(names(inOrder([branch, chain[0]]))).toEqual(['a', 'y']);
  });

  it('stay as they are in a circle, which a check names', () => {
    const nodes = [node('Add', ['x', 'b'], ['a']), node('Neg', ['a'], ['b'])];
    expect(inOrder(nodes)).toBe(nodes);
    const itself = [node('Add', ['x', 'a'], ['a'])];
    expect(inOrder(itself)).toBe(itself);
  });

  it('take time by their number alone: a chain of 100,000, and a node of as many inputs', () => {
    const count = 100_000;
    const long = Array.from({ length: count }, (_, i) => node('Relu', [`v${i}`], [`v${i + 1}`])).reverse();
    expect(names(inOrder(long)).slice(0, 2)).toEqual(['v1', 'v2']);
    const wide = Array.from({ length: count }, (_, i) => node('Relu', ['x'], [`v${i}`]));
    const concat = node(
      'Concat',
      wide.map(({ name }) => name),
      ['y'],
    );
    expect(names(inOrder([concat, ...wide])).at(-1)).toBe('y');
  });
});

import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { cost } from '../../../graph/analysis/cost.js';
import { prune } from '../../../graph/analysis/prune.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { type Attribute, float, int, ints } from '../../../graph/ir/attribute.js';
import type { Graph, Model, Node, ValueInfo } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor, tensorOf } from '../../../graph/ir/tensor.js';
import { decided } from '../../../graph/lifting/branches.js';
import { lift } from '../../../graph/lifting/lift.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { handmade, node, run } from '../../support/graph.js';

const floats = (name: string, ...shape: (number | string)[]): ValueInfo => ({
  name,
  type: { dtype: 'float32', shape },
});
const boolean = (value: boolean) => tensorOf('bool', [], Uint8Array.of(Number(value)));

/** A graph as an attribute, whose one output is what its last node gives. */
function branch(
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>> = {},
  output?: string,
): Attribute {
  const name = output ?? nodes.at(-1)?.outputs[0] ?? '';
  const graph: Graph = {
    ...{ name: 'branch', nodes, inputs: [], valueInfo: [] },
    outputs: [{ name, type: { dtype: 'float32' } }],
    initializers: new Map(Object.entries(initializers)),
  };
  return { type: 'subgraph', graph };
}

/** Over x, float32 [1, 2, 4, 4]. */
function over(
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>> = {},
  opset = 13,
): Model {
  const model = handmade({
    ...{ nodes, inputs: [floats('x', 1, 2, 4, 4)], outputs: [floats('y', 1, 2, 4, 4)] },
    initializers: new Map(Object.entries(initializers)),
  });
  return { ...model, irVersion: 7, opsets: new Map([['', opset]]) };
}

const feed = { x: { dims: [1, 2, 4, 4], data: Float32Array.from({ length: 32 }, (_, i) => i / 8 - 2) } };

async function expectSame(model: Model, other: Model): Promise<void> {
  check(other);
  // As it is read again.
  const again = parseModel(encodeModel(other), 'again');
  check(again);
  expect(await run(again, feed)).toEqual(await run(model, feed));
}

const types = ({ graph }: Model) => graph.nodes.map(({ opType }) => opType);
const chosen = (condition: string, then: Attribute, otherwise: Attribute) =>
  node('If', [condition], ['y'], { then_branch: then, else_branch: otherwise });

const doubled = branch([node('Add', ['x', 'x'], ['twice'])]);
const shifted = branch([node('Relu', ['x'], ['up']), node('Sub', ['up', 'w'], ['down'])], {
  w: float32Tensor([1], [0.25]),
});

describe('an If that is decided before the model runs', () => {
  it.each([true, false])('by a constant: %s', async (value) => {
    const model = over([chosen('c', doubled, shifted)], { c: boolean(value) });
    const { model: result, branches } = decided(model);
    expect([branches, types(result)]).toEqual([1, value ? ['Add'] : ['Relu', 'Sub']]);
    await expectSame(model, result);
  });

  it("by sizes, as PyTorch's squeeze is", async () => {
    const nodes = [
      node('Shape', ['x'], ['sizes']),
      node('Gather', ['sizes', 'zero'], ['batch'], { axis: int(0) }),
      node('Equal', ['batch', 'one'], ['single']),
      node('Not', ['single'], ['several']),
      chosen('several', doubled, shifted),
    ];
    const model = over(nodes, { zero: int64Tensor([1], [0]), one: int64Tensor([1], [1]) });
    const { model: result, branches } = decided(model);
    expect(branches).toBe(1);
    await expectSame(model, result);
    const open = { ...model, graph: { ...model.graph, inputs: [floats('x', 'N', 2, 4, 4)] } };
    expect(decided(open)).toEqual({ model: open, branches: 0 });
  });

  it('within another, with the same names in both, and giving a weight of its own', async () => {
    const inner = branch([chosen('d', doubled, shifted)]);
    const weight = branch([], { w: float32Tensor([1], [0.5]) }, 'w');
    const nodes = [
      node('If', ['c'], ['half'], { then_branch: weight, else_branch: doubled }),
      node('If', ['c'], ['z'], { then_branch: inner, else_branch: doubled }),
      node('Mul', ['z', 'half'], ['y']),
    ];
    const model = over(nodes, { c: boolean(true), d: boolean(false) });
    const { model: result, branches } = decided(model);
    expect([branches, types(result)]).toEqual([3, ['Identity', 'Relu', 'Sub', 'Mul']]);
    await expectSame(model, result);
  });

  it('not by an input, nor by a weight that may be replaced', () => {
    const model = over([chosen('c', doubled, shifted)], { c: boolean(true) });
    const inputs = [...model.graph.inputs, { name: 'c', type: { dtype: 'bool' as const, shape: [] } }];
    const given = { ...model, graph: { ...model.graph, inputs } };
    expect(decided(given).branches).toBe(0);
    expect(decided({ ...given, irVersion: 3 }).branches).toBe(1);
  });
});

it('a condition that doubles is looked at once', () => {
  const open = node('Cast', ['x'], ['c0'], { to: int(9) });
  const joined = Array.from({ length: 40 }, (_, at) => node('And', [`c${at}`, `c${at}`], [`c${at + 1}`]));
  const model = over([open, ...joined, chosen('c40', doubled, shifted)]);
  expect(decided(model).branches).toBe(0);
});

/** Convolutions around an If that runs decide: by what is in the image. */
function around(opset = 13): Model {
  const pads = { pads: ints([1, 1, 1, 1]) };
  const kernel = float32Tensor(
    [2, 2, 3, 3],
    Array.from({ length: 36 }, (_, i) => Math.sin(i)),
  );
  const four = (name: string) => float32Tensor([2], name === 'v' ? [1, 2] : [0.5, -0.5]);
  const norm = ['g', 'b', 'm', 'v'];
  const reads = branch([
    node('Mul', ['f', 'k'], ['z']),
    node('Clip', ['z'], ['zz'], opset < 11 ? { min: float(-1) } : {}),
  ]);
  return over(
    [
      node('Conv', ['x', 'w'], ['a'], pads),
      node('BatchNormalization', ['a', ...norm], ['e']),
      node('Identity', ['e'], ['same']),
      node('Conv', ['same', 'w'], ['e2'], pads),
      node('BatchNormalization', ['e2', ...norm], ['f']),
      node('ReduceSum', ['x'], ['sum'], { keepdims: int(0) }),
      node('Cast', ['sum'], ['isLight'], { to: int(9) }),
      node('If', ['isLight'], ['q'], {
        then_branch: reads,
        else_branch: branch([node('Identity', ['e'], ['r'])]),
      }),
      node('Conv', ['q', 'w'], ['y'], pads),
    ],
    {
      ...{ w: kernel, k: float32Tensor([1], [2]) },
      ...Object.fromEntries(norm.map((name) => [name, four(name)])),
    },
    opset,
  );
}

describe('what stays', () => {
  it('the graph around it is rewritten where nothing crosses', async () => {
    const model = around();
    const { model: result, changes } = optimize(model);
    // What the branches read is computed as it was: both normalizations are folded into their convolutions under their names.
    expect(changes['BatchNorm folding']).toBe(2);
    expect(types(result)).toEqual(expect.arrayContaining(['If', 'Conv']));
    expect(result.graph.initializers.has('k')).toBe(true);
    check(result);
    const [found, wanted] = [await run(parseModel(encodeModel(result), 'it'), feed), await run(model, feed)];
    for (const [i, value] of (wanted.y?.data ?? []).entries()) expect(found.y?.data[i]).toBeCloseTo(value, 4);
  });

  it('is lifted with its branches', async () => {
    const model = around(9);
    const lifted = lift(model, 18);
    const inner = parseModel(encodeModel(lifted), 'it').graph.nodes.find(({ opType }) => opType === 'If');
    expect(inner?.attributes.get('then_branch')).toMatchObject({
      graph: { nodes: [{}, { opType: 'Clip', inputs: ['z', 'constant'] }] },
    });
    await expectSame(model, lifted);
  });

  it('a loop does, and its body', async () => {
    const body: Graph = {
      ...{ name: 'body', valueInfo: [], initializers: new Map() },
      inputs: [
        { name: 'i', type: { dtype: 'int64', shape: [] } },
        { name: 'go', type: { dtype: 'bool', shape: [] } },
        floats('v', 1, 2, 4, 4),
      ],
      nodes: [
        node('Identity', ['go'], ['on']),
        node('Unsqueeze', ['v'], ['u'], { axes: ints([0]) }),
        node('Squeeze', ['u'], ['s'], { axes: ints([0]) }),
        node('Add', ['s', 'k'], ['next']),
      ],
      outputs: [{ name: 'on', type: { dtype: 'bool', shape: [] } }, floats('next', 1, 2, 4, 4)],
    };
    const loop = node('Loop', ['n', 't', 'x'], ['y'], { body: { type: 'subgraph', graph: body } });
    const model = over(
      [loop],
      { n: int64Tensor([], [3]), t: boolean(true), k: float32Tensor([1], [0.5]) },
      11,
    );
    expect(decided(model).branches).toBe(0);
    await expectSame(model, lift(model, 17));
    await expectSame(model, optimize(lift(model)).model);
  });

  it('what branches read is needed, and nothing else', () => {
    const model = around();
    const named = (name: string) => prune(model, [name]).graph.nodes.flatMap(({ outputs }) => outputs);
    expect(named('q')).toEqual(['a', 'e', 'same', 'e2', 'f', 'sum', 'isLight', 'q']);
    expect(named('same')).toEqual(['a', 'e', 'same']);
    expect(cost(model).nodes).toHaveLength(9);
  });
});

it('a branch is written as it was read, or as it was made', () => {
  const model = around();
  const read = parseModel(encodeModel(model), 'it');
  expect(Buffer.from(encodeModel(read)).equals(Buffer.from(encodeModel(model)))).toBe(true);
});

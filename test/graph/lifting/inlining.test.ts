import { describe, expect, it } from '@jest/globals';
import proto from 'onnx-proto';
import { check } from '../../../graph/analysis/check.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float } from '../../../graph/ir/attribute.js';
import type { Model } from '../../../graph/ir/model.js';
import { inlined } from '../../../graph/lifting/inlining.js';
import { run } from '../../support/graph.js';
import { minimal } from '../../support/onnx-files.js';

const { AttributeType } = proto.onnx.AttributeProto;
const DOMAIN = 'pkg.torch';
const reference = (name: string, refAttrName: string, type: number): proto.onnx.IAttributeProto => ({
  name,
  refAttrName,
  type,
});

/** As exporters write it: with attributes of the call, one that need not be given, and a call of another function. */
const functions: readonly proto.onnx.IFunctionProto[] = [
  {
    ...{ name: 'scaled', domain: DOMAIN, input: ['x', 'shift'], output: ['y'], attribute: ['alpha'] },
    opsetImport: [{ domain: '', version: 17 }],
    node: [
      {
        opType: 'LeakyRelu',
        input: ['x'],
        output: ['t'],
        attribute: [reference('alpha', 'alpha', AttributeType.FLOAT)],
      },
      { opType: 'Add', input: ['t', 'shift'], output: ['y'] },
    ],
  },
  {
    ...{ name: 'twice', domain: DOMAIN, input: ['x', 'shift'], output: ['y'], attribute: ['slope'] },
    opsetImport: [
      { domain: '', version: 17 },
      { domain: DOMAIN, version: 1 },
    ],
    node: [
      {
        opType: 'scaled',
        domain: DOMAIN,
        input: ['x', 'shift'],
        output: ['t'],
        attribute: [reference('alpha', 'slope', AttributeType.FLOAT)],
      },
      {
        opType: 'scaled',
        domain: DOMAIN,
        input: ['t', 'shift'],
        output: ['y'],
        attribute: [{ name: 'alpha', type: AttributeType.FLOAT, f: 0.5 }],
      },
    ],
  },
];

function modelOf(node: readonly proto.onnx.INodeProto[], own = functions, version = 17): Model {
  const type = { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 4 }] } } };
  const graph = {
    ...{ node: [...node], name: 'g', input: [{ name: 'x', type }], output: [{ name: 'y', type }] },
    initializer: [{ name: 'one', dims: [1], dataType: 1, floatData: [1] }],
  };
  const opsetImport = [
    { domain: '', version },
    { domain: DOMAIN, version: 1 },
  ];
  return parseModel(
    proto.onnx.ModelProto.encode({ ...minimal(), opsetImport, functions: [...own], graph }).finish(),
    'made',
  );
}

const call = (output: string, input: string, attribute: readonly proto.onnx.IAttributeProto[] = []) => ({
  ...{
    name: output,
    opType: 'twice',
    domain: DOMAIN,
    input: [input, 'one'],
    output: [output],
    attribute: [...attribute],
  },
});
const feed = { x: { dims: [4], data: Float32Array.of(-8, -1, 0, 3) } };

describe("a model's own functions", () => {
  it('are what they compute, with the attributes of each call', async () => {
    const slope = { name: 'slope', type: AttributeType.FLOAT, f: 0.25 };
    const model = modelOf([
      call('a', 'x', [slope]),
      { name: 'b', opType: 'Neg', input: ['a'], output: ['b'] },
      call('y', 'b', [slope]),
    ]);
    const { model: result, calls } = inlined(model);
    expect(calls).toBe(6);
    expect(result).not.toHaveProperty('functions');
    expect(result.graph.nodes.map(({ opType }) => opType)).toEqual([
      'LeakyRelu',
      'Add',
      'LeakyRelu',
      'Add',
      'Neg',
      'LeakyRelu',
      'Add',
      'LeakyRelu',
      'Add',
    ]);
    check(result);
    expect(await run(result, feed)).toEqual(await run(model, feed));
  });

  it('have what they say themselves where the call says nothing', () => {
    const model = modelOf([call('y', 'x')]);
    const told = model.functions?.map((own) => ({
      ...own,
      ...(own.body && { body: { ...own.body, defaults: new Map([['slope', float(0.75)]]) } }),
    }));
    const alphas = (own: Model) =>
      inlined(own).model.graph.nodes.flatMap(({ attributes }) => attributes.get('alpha') ?? []);
    expect(alphas({ ...model, ...(told && { functions: told }) })).toEqual([float(0.75), float(0.5)]);
    expect(alphas(model)).toEqual([float(0.5)]);
  });

  it('are written back as they were', () => {
    const model = modelOf([call('y', 'x')]);
    const written = proto.onnx.ModelProto.decode(encodeModel(model));
    expect(written.functions.map(({ name }) => name)).toEqual(['scaled', 'twice']);
    expect(Buffer.from(encodeModel(parseModel(encodeModel(model), 'again'))).equals(encodeModel(model))).toBe(
      true,
    );
  });

  it('stay where they are of another opset, or hold graphs', async () => {
    const older = modelOf([call('y', 'x')], functions, 18);
    expect(inlined(older)).toEqual({ model: older, calls: 0 });
    const branch = { name: 'b', output: [{ name: 'x' }] };
    const nested = {
      ...functions[0],
      node: [
        {
          opType: 'If',
          input: ['c'],
          output: ['y'],
          attribute: [{ name: 'then_branch', type: AttributeType.GRAPH, g: branch }],
        },
      ],
    };
    const model = modelOf([{ ...call('y', 'x'), opType: 'scaled' }], [nested]);
    expect(inlined(model)).toEqual({ model, calls: 0 });
  });

  it('that double with each call of another are refused before they fill the memory', () => {
    const doubling = Array.from(
      { length: 24 },
      (_, level): proto.onnx.IFunctionProto => ({
        ...{
          name: `f${level}`,
          domain: DOMAIN,
          input: ['x'],
          output: ['y'],
          opsetImport: [{ domain: DOMAIN, version: 1 }],
        },
        node: ['t', 'y'].map((output, at) => ({
          ...{ opType: `f${level + 1}`, domain: DOMAIN, input: [at === 0 ? 'x' : 't'], output: [output] },
        })),
      }),
    );
    const { graph, ...rest } = modelOf(
      [{ opType: 'f0', domain: DOMAIN, input: ['x'], output: ['y'] }],
      doubling,
    );
    // Eight levels are followed, and of these as many as fit.
    expect(inlined({ ...rest, graph }).model.graph.nodes.length).toBe(2 ** 8);
    const { nodes } = graph;
    const wide = {
      ...graph,
      nodes: Array.from(
        { length: 200 },
        (_, at) => ({ ...nodes[0], outputs: [`y${at}`] }) as (typeof nodes)[0],
      ),
    };
    expect(() => inlined({ ...rest, graph: wide })).toThrow(
      'its functions call each other: with what they compute it has more than',
    );
  });
});

import { holdsSubgraph, namesIn, subgraphsOf } from '../analysis/subgraphs.js';
import { badModel } from '../common/errors.js';
import {
  ABSENT,
  type Attribute,
  type FunctionBody,
  type Graph,
  type Model,
  type Node,
  opsetOf,
} from '../ir/model.js';
import { NameAllocator } from '../rewriting/name-allocator.js';

/** Functions may call others; each round takes one level away. */
const MAX_ROUNDS = 8;

/** Far more than networks have: functions that call others twice would double without end. */
const MAX_NODES = 50_000;

export interface Inlined {
  readonly model: Model;
  /** How many nodes were calls of functions. */
  readonly calls: number;
}

/**
 * Puts what they compute in the place of the calls of a model's own functions (PyTorch's newer exporter writes such). One that cannot be read,
 * is of another opset than the model, or is called within a branch or a loop, stays.
 * @throws NmodeError (BAD_MODEL) for a model that would have more nodes than any network
 */
export function inlined(given: Model): Inlined {
  if (given.functions === undefined) return { model: given, calls: 0 };
  let [model, calls] = [given, 0];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = inlinedOnce(model);
    if (next.calls === 0) break;
    model = next.model;
    calls += next.calls;
  }
  const { functions, ...plain } = model;
  const called = new Set(callsIn(model.graph));
  const isCalled = functions?.some((own) => called.has(keyOf(own.domain, own.name)));
  // Those that stay may call others.
  return { model: isCalled ? model : plain, calls };
}

const keyOf = (domain: string, name: string) => JSON.stringify([domain, name]);

function* callsIn({ nodes }: Graph): Generator<string> {
  for (const node of nodes) {
    yield keyOf(node.domain, node.opType);
    for (const graph of subgraphsOf(node)) yield* callsIn(graph);
  }
}

function inlinedOnce(model: Model): Inlined {
  const { graph, functions = [] } = model;
  const bodies = new Map<string, FunctionBody>();
  for (const { domain, name, overload, body } of functions) {
    if (body !== undefined && overload === '' && isOfOpset(body, model))
      bodies.set(keyOf(domain, name), body);
  }
  const names = new NameAllocator(namesIn(graph));
  const opsets = new Map(model.opsets);
  const nodes: Node[] = [];
  let calls = 0;
  for (const node of graph.nodes) {
    const body = bodies.get(keyOf(node.domain, node.opType));
    const made = body && inPlaceOf(node, body, names);
    if (body && made) {
      calls++;
      for (const [domain, version] of body.opsets) if (!opsets.has(domain)) opsets.set(domain, version);
    }
    nodes.push(...(made ?? [node]));
    if (nodes.length > MAX_NODES) {
      throw badModel(
        `its functions call each other: with what they compute it has more than ${MAX_NODES} nodes`,
      );
    }
  }
  return { model: { ...model, opsets, graph: { ...graph, nodes } }, calls };
}

/** Whether a function may stand in the model's own graph: what both import has one version. */
function isOfOpset({ opsets }: FunctionBody, model: Model): boolean {
  return [...opsets].every(([domain, version]) => {
    const own = domain === '' || domain === 'ai.onnx' ? opsetOf(model) : model.opsets.get(domain);
    return own === undefined || own === version;
  });
}

/** The nodes of a function; undefined where they hold graphs, whose names would have to be told apart, or what is not read. */
function inPlaceOf(call: Node, body: FunctionBody, names: NameAllocator): readonly Node[] | undefined {
  const isNested = body.nodes.some(holdsSubgraph);
  if (isNested || call.inputs.length > body.inputs.length || call.outputs.length > body.outputs.length)
    return undefined;
  const renamed = new Map(body.inputs.map((name, index) => [name, call.inputs[index] ?? ABSENT]));
  const copies: Node[] = [];
  for (const [index, name] of body.outputs.entries()) {
    const output = call.outputs[index] ?? ABSENT;
    if (output === ABSENT) continue;
    if (renamed.has(name)) copies.push(identity(renamed.get(name) ?? ABSENT, output));
    else renamed.set(name, output);
  }
  const nameOf = (name: string): string => {
    if (name === ABSENT) return ABSENT;
    const known = renamed.get(name) ?? names.unique(`${call.name}/${name}`);
    renamed.set(name, known);
    return known;
  };
  const nodes: Node[] = [];
  for (const node of body.nodes) {
    const attributes = attributesOf(node, call, body);
    if (attributes === undefined) return undefined;
    const name = names.unique(`${call.name}/${node.name || node.opType}`);
    nodes.push({
      ...{ ...node, name, attributes },
      ...{ inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) },
    });
  }
  return [...nodes, ...copies];
}

/** A value under one more name. */
export function identity(from: string, to: string): Node {
  return { name: to, opType: 'Identity', domain: '', inputs: [from], outputs: [to], attributes: new Map() };
}

/**
 * What a node of a function has where it refers to what the call, or else the function, says; undefined where that is not read, as it could
 * not be written under another name.
 */
function attributesOf(node: Node, call: Node, { defaults }: FunctionBody): Node['attributes'] | undefined {
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const reference = attribute.type === 'other' ? attribute.reference : undefined;
    if (reference === undefined) {
      attributes.set(name, attribute);
      continue;
    }
    const given = call.attributes.get(reference) ?? defaults.get(reference);
    if (given === undefined) continue;
    if (given.type === 'other' || (given.type === 'subgraph' && given.graph === undefined)) return undefined;
    const { whole: _whole, ...value } = given;
    attributes.set(name, value.type === 'subgraph' ? { type: 'subgraph', graph: value.graph } : value);
  }
  return attributes;
}

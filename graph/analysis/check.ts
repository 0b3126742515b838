import { badModel } from '../common/errors.js';
import { mayEqual, shapeText } from '../ir/dim.js';
import { ABSENT, type Graph, type Model, nodeName, opsetOf, replaceable } from '../ir/model.js';
import { sizeOf } from '../ir/tensor.js';
import type { ValueType } from '../ir/value.js';
import { sinceOf } from '../ops/index.js';
import { bytesOf, declaredTypes, fromDeclared, inferTypes, naming, type Types } from './infer.js';

/** Protobuf holds at most 2 GiB in one message. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Weights may be stored smaller than they are computed with (int8 for float32), but not without end. */
const MAX_EXPANSION = 8;

/** How many problems an error lists. */
const MAX_LISTED = 4;

/**
 * Checks what a runtime relies on: every value assigned once and before its use, operators that exist in the model's
 * opset, types that fit, initializers as large as their shape says, declared outputs that agree with inferred ones.
 * @throws NmodeError (BAD_MODEL) with all that was found
 */
export function check(model: Model): void {
  const problems = [...assignments(model.graph), ...opsets(model), ...initializers(model.graph)];
  if (problems.length === 0) problems.push(...declared(model));
  if (problems.length > 0) {
    const more = problems.length > MAX_LISTED ? `; and ${problems.length - MAX_LISTED} more` : '';
    throw badModel(`not a valid model: ${problems.slice(0, MAX_LISTED).join('; ')}${more}`);
  }
}

function* assignments(graph: Graph): Generator<string> {
  const assigned = new Set<string>([ABSENT]);
  for (const name of graph.initializers.keys()) assigned.add(name);
  const inputs = new Set<string>();
  for (const { name } of graph.inputs) {
    if (inputs.has(name)) yield `input '${name}' is declared twice`;
    inputs.add(name);
    assigned.add(name);
  }
  const computed = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (assigned.has(name)) continue;
      const when = computed.has(name) ? 'before it is assigned' : 'and never assigned';
      yield `'${name}' is used by node '${nodeName(node)}' ${when}`;
    }
    for (const name of node.outputs) {
      if (name !== ABSENT && assigned.has(name)) yield `'${name}' is assigned twice`;
      assigned.add(name);
    }
  }
  if (graph.outputs.length === 0) yield 'the graph has no output';
  // What is fed and given goes by name into plain objects.
  if ([...graph.inputs, ...graph.outputs].some(({ name }) => name === '__proto__')) {
    yield "an input or output is named '__proto__', which onnxruntime for JavaScript does not take: rename it";
  }
  for (const { name } of graph.outputs) {
    if (!assigned.has(name)) yield `output '${name}' is never assigned`;
  }
}

function* opsets(model: Model): Generator<string> {
  const opset = opsetOf(model);
  for (const node of model.graph.nodes) {
    const { opType, domain } = node;
    if (domain !== '' && !model.opsets.has(domain)) {
      yield `node '${nodeName(node)}': the model imports no opset of domain '${domain}'`;
    }
    const since = sinceOf(node);
    if (since !== undefined && since > opset) {
      yield `node '${nodeName(node)}': ${opType} needs opset ${since}, the model has ${opset}`;
    }
  }
}

function* initializers(graph: Graph): Generator<string> {
  let total = 0;
  for (const [name, tensor] of graph.initializers) {
    const expected = sizeOf(tensor);
    total += expected;
    if (total > MAX_MODEL_BYTES) {
      yield 'the initializers are larger than the 2 GiB that one ONNX file holds';
      return;
    }
    // What is computed, or read from a file, is as large as it says, and takes its time.
    if (tensor.fill !== undefined) continue;
    const found = tensor.bytes().length;
    if (found !== expected) {
      yield `initializer '${name}' ${shapeText(tensor.dims)} takes ${expected} bytes, found ${found}`;
    }
  }
}

/** What is declared is possible, and what is inferred agrees with it. */
function declared(model: Model): readonly string[] {
  const types = inferTypes(model);
  declaredTypes(model);
  const problems = [...constants(model, types)];
  if (problems.length > 0) return problems;
  return model.graph.outputs.flatMap(({ name, type }) =>
    naming(`output '${name}'`, () => misfit(name, fromDeclared(name, type), types.get(name))),
  );
}

/** Runtimes compute once, when they load a model, what depends on constants alone: a few bytes may ask for terabytes. */
function* constants(model: Model, types: Types): Generator<string> {
  const given = replaceable(model);
  const { nodes, initializers } = model.graph;
  const names = [...initializers.keys()].filter((name) => !given.has(name));
  const known = new Set([ABSENT, ...names]);
  // What is open is not counted.
  const counted = (name: string) => bytesOf(name, types) ?? 0;
  const stored = names.reduce((sum, name) => sum + counted(name), 0);
  const limit = MAX_MODEL_BYTES + MAX_EXPANSION * stored;
  let left = limit;
  for (const { name, opType, inputs: read, outputs } of nodes) {
    if (!read.every((input) => known.has(input))) continue;
    for (const output of outputs) {
      known.add(output);
      left -= counted(output);
    }
    if (left >= 0) continue;
    yield `node '${nodeName({ name, outputs })}' (${opType}): what is computed from constants alone takes more than ${limit} bytes`;
    return;
  }
}

function misfit(
  name: string,
  declared: ValueType | undefined,
  inferred: ValueType | undefined,
): readonly string[] {
  if (declared === undefined || inferred === undefined) return [];
  const { dtype, shape } = inferred;
  const fits = dtype === declared.dtype && mayEqual(shape, declared.shape);
  const found = `declared ${declared.dtype} ${shapeText(declared.shape)}, it is ${dtype} ${shapeText(shape)}`;
  return fits ? [] : [`output '${name}' is ${found}`];
}

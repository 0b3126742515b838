import { expect } from '@jest/globals';
import { check } from '../../graph/analysis/check.js';
import { type Attribute, string } from '../../graph/ir/attribute.js';
import type { Dim } from '../../graph/ir/dim.js';
import type { Model } from '../../graph/ir/model.js';
import { float32Tensor, float32Values } from '../../graph/ir/tensor.js';
import { constant, initializer, input, type Value } from '../../graph/ir/value.js';
import { type ConvAttributes, conv } from '../../graph/ops/conv.js';
import { convTranspose } from '../../graph/ops/conv-transpose.js';
import { batchNormalization } from '../../graph/ops/normalization.js';
import { relu } from '../../graph/ops/unary.js';
import { type Rule, rewrite } from '../../graph/rewriting/rewrite.js';
import { modelOf, run } from './graph.js';
import { seeded } from './seeded.js';

/** Of the largest value that a graph gives: float32 sums in another order. */
const TOLERANCE = 1e-5;

/** Sizes of open axes. */
type Sizes = Readonly<Record<string, number>>;

export interface Held {
  readonly model: Model;
  readonly changes: number;
  /** How often each operator is left. */
  readonly operators: Readonly<Record<string, number>>;
}

/** Applies a rule, which must hold, and compares what onnxruntime computes before and after. */
export async function expectHolds(model: Model, rule: Rule, sizes: Sizes = {}): Promise<Held> {
  const after = rewrite(model, rule);
  expect(after.changes).toBeGreaterThan(0);
  await expectSame(model, after.model, sizes);
  return { ...after, operators: operatorsOf(after.model) };
}

/** Applies a rule, which must leave the graph as it is. */
export function expectRefuses(model: Model, rule: Rule): void {
  const after = rewrite(model, rule);
  expect(after.changes).toBe(0);
  expect(after.model.graph.nodes).toEqual(model.graph.nodes);
  expect([...after.model.graph.initializers.keys()]).toEqual([...model.graph.initializers.keys()]);
}

/** A rule for plain convolutions of two axes, which takes this one of x, leaves those that are not, and those that may change. */
export function expectRefusesOthers(x: Value, layer: Layer, rule: Rule): void {
  for (const other of [
    { strides: [2, 2] },
    { strides: [1, 2] },
    { dilations: [2, 2], pads: [2, 2, 2, 2] },
    { kernel: [1, 1], pads: [0, 0, 0, 0] },
  ]) {
    expectRefuses(modelOf([x], { out: convolved(x, 'c', { ...layer, ...other }) }), rule);
  }
  const series = image('x', 2, x.shape[1] ?? 1, 4096);
  const along = convolved(series, 'c', { channels: 2, kernel: [3], pads: [1, 1] });
  expectRefuses(modelOf([series], { out: along }), rule);
  const model = modelOf([x], { out: convolved(x, 'c', layer) });
  expectRefuses(overridable(model, 'c.weight'), rule);
  expectRefuses(attributed(model, 'Conv', { auto_pad: string('SAME_UPPER') }), rule);
  const withRelu = modelOf([x], { out: relu(convolved(x, 'c', layer)) });
  const foreign = withRelu.graph.nodes.map((each) => ({ ...each, domain: 'org.example' }));
  expectRefuses({ ...withRelu, graph: { ...withRelu.graph, nodes: foreign } }, rule);
}

/** Compares two models on seeded input. */
export async function expectSame(before: Model, after: Model, sizes: Sizes = {}): Promise<void> {
  check(after);
  expect(after.graph.outputs).toEqual(before.graph.outputs);
  const feeds = feedsOf(before, sizes);
  const [expected, found] = [await run(before, feeds), await run(after, feeds)];
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(found[name]?.dims).toEqual(dims);
    expect(relativeError(found[name]?.data ?? [], data)).toBeLessThan(TOLERANCE);
  }
}

/** The largest difference, relative to the largest value; NaN where one is not a number and the other is. */
export function relativeError(found: readonly number[], expected: readonly number[]): number {
  let [most, largest] = [0, 1e-3];
  expected.forEach((value, at) => {
    if (Object.is(found[at], value) && !Number.isFinite(value)) return;
    most = Math.max(most, Math.abs((found[at] ?? Number.NaN) - value));
    largest = Math.max(largest, Math.abs(value));
  });
  return most / largest;
}

export function operatorsOf({ graph }: Model): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { opType } of graph.nodes) found[opType] = (found[opType] ?? 0) + 1;
  return found;
}

/** Numbers from -1 to 1 for every input that has no initializer. */
function feedsOf({ graph }: Model, sizes: Sizes) {
  const fed = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  return Object.fromEntries(
    fed.map(({ name, type }) => {
      const dims = (type?.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 1)));
      return [name, { dims, data: random(name, dims) }];
    }),
  );
}

/** Numbers from -1 to 1, the same for the same name. */
export function random(name: string, dims: readonly number[]): Float32Array {
  const tensor = seeded(`${name}.bias`, dims);
  return tensor === undefined ? new Float32Array() : float32Values(tensor).map((value) => 5 * value);
}

export const image = (name: string, ...shape: Dim[]): Value => input(name, 'float32', shape);

export const weight = (name: string, ...dims: number[]): Value =>
  initializer(name, float32Tensor(dims, random(name, dims)));

/** A constant of these sizes. */
export const filled = (dims: readonly number[], values: readonly number[]): Value =>
  constant(float32Tensor(dims, values));

/** One number a channel, [C, 1, 1]. */
export const perChannel = (...values: number[]): Value => filled([values.length, 1, 1], values);

export interface Layer extends ConvAttributes {
  readonly channels: number;
  /** Default 1 x 1. */
  readonly kernel?: readonly number[];
  readonly bias?: boolean;
  readonly transposed?: boolean;
}

/** A convolution of seeded weights, `name.weight` and `name.bias`. */
export function convolved(x: Value, name: string, layer: Layer): Value {
  const { channels, kernel = [1, 1], bias = true, transposed = false, ...attributes } = layer;
  const [from, group] = [Number(x.shape[1]), attributes.group ?? 1];
  const dims = transposed ? [from, channels / group] : [channels, from / group];
  const weights = weight(`${name}.weight`, ...dims, ...kernel);
  const biases = bias ? weight(`${name}.bias`, channels) : undefined;
  return (transposed ? convTranspose : conv)(x, weights, biases, attributes);
}

/** A normalisation of seeded statistics; factors alternate in sign, and every third is 0. */
export function normalized(x: Value, name: string): Value {
  const channels = Number(x.shape[1]);
  const factors = Array.from({ length: channels }, (_, at) => [1.25, -0.75, 0][at % 3] ?? 0);
  const variances = Array.from({ length: channels }, (_, at) => 0.5 + (at % 4) / 2);
  const named = (key: string, values: readonly number[]) =>
    initializer(`${name}.${key}`, float32Tensor([channels], values));
  return batchNormalization(
    x,
    named('weight', factors),
    weight(`${name}.bias`, channels),
    weight(`${name}.running_mean`, channels),
    named('running_var', variances),
    1e-3,
  );
}

/** The same model, whose initializer is an input too: whoever runs it may give another. */
export function overridable(model: Model, name: string): Model {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no initializer '${name}'`);
  const declared = { name, type: { dtype: tensor.dtype, shape: tensor.dims } };
  return { ...model, graph: { ...model.graph, inputs: [...model.graph.inputs, declared] } };
}

/** The same model, with these attributes besides those that its nodes of an operator have. */
export function attributed(
  model: Model,
  opType: string,
  attributes: Readonly<Record<string, Attribute>>,
): Model {
  const nodes = model.graph.nodes.map((node) =>
    node.opType === opType
      ? { ...node, attributes: new Map([...node.attributes, ...Object.entries(attributes)]) }
      : node,
  );
  return { ...model, graph: { ...model.graph, nodes } };
}

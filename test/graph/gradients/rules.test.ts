import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { batchStatistics } from '../../../graph/gradients/batch-statistics.js';
import { gradients } from '../../../graph/gradients/gradients.js';
import { DIFFERENTIABLE } from '../../../graph/gradients/rules.js';
import { type Attribute, float, floatOf, int, ints, string } from '../../../graph/ir/attribute.js';
import { apply } from '../../../graph/ir/op.js';
import {
  elementCount,
  float32Tensor,
  float32Values,
  int64Tensor,
  tensorOf,
} from '../../../graph/ir/tensor.js';
import { constant, input, type Value } from '../../../graph/ir/value.js';
import * as definitions from '../../../graph/ops/definitions.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { reduceSum } from '../../../graph/ops/reduce.js';
import { fixture } from '../../support/fixtures.js';
import { modelOf, run } from '../../support/graph.js';

/** One line of fixtures/gradients/rules.json. */
interface Case {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  readonly inputs: readonly (
    | readonly number[]
    | { readonly ints: readonly number[] }
    | { readonly bools: readonly boolean[]; readonly dims: readonly number[] }
    | { readonly floats: readonly number[]; readonly dims: readonly number[] }
    | null
  )[];
}

const cases: readonly Case[] = JSON.parse(readFileSync(fixture('gradients', 'rules.json'), 'utf8'));
const numbers = await readReference(fixture('gradients', 'rules.safetensors'));

/** Attributes that hold floats, whatever their numbers. */
const FLOATS = new Set(['alpha', 'beta', 'epsilon']);

function attributeOf(name: string, value: number | string | readonly number[]): Attribute {
  if (typeof value === 'string') return string(value);
  if (typeof value !== 'number') return ints(value);
  return FLOATS.has(name) ? float(value) : int(value);
}

/** The output of a case's operator. */
function output({ op, attributes }: Case, inputs: readonly (Value | undefined)[]): Value {
  const given = Object.entries(attributes).map(([name, value]) => [name, attributeOf(name, value)] as const);
  const kept = new Map(given);
  if (op === 'BatchStatistics') {
    const [x, scale, bias] = inputs as [Value, Value, Value];
    const { mean, variance } = batchStatistics(x);
    return batchNormalization(x, scale, bias, mean, variance, floatOf(kept, 'epsilon', 0));
  }
  const definition = Object.values(definitions)
    .filter((exported) => typeof exported !== 'function')
    .find(({ opType }) => opType === op);
  if (definition === undefined) throw new Error(`no operator ${op}`);
  return apply(definition, inputs, Object.fromEntries(given));
}

/** How far a tensor is from the reference, as a share of the reference's largest element. */
function deviation(found: readonly number[], expected: ArrayLike<number>): number {
  expect(found).toHaveLength(expected.length);
  const reference = Array.from(expected);
  const largest = Math.max(...reference.map(Math.abs));
  const furthest = Math.max(...reference.map((value, index) => Math.abs(value - Number(found[index]))));
  return largest === 0 ? furthest : furthest / largest;
}

it.each(cases.map((line, number) => [line.name, line, number] as const))(
  'the gradients of %s are those of torch.autograd in float64',
  async (_, line, number) => {
    const tensor = numbers.get(String(number));
    if (tensor === undefined) throw new Error(`no numbers ${number}`);
    let rest = float32Values(tensor);
    const take = (dims: readonly number[]) => {
      const taken = rest.subarray(0, elementCount(dims));
      rest = rest.subarray(taken.length);
      return taken;
    };
    const leaves: Value[] = [];
    const feeds: Record<string, { dims: readonly number[]; data: Float32Array }> = {};
    const inputs = line.inputs.map((given, index) => {
      if (given === null) return undefined;
      if ('ints' in given) return constant(int64Tensor([given.ints.length], given.ints));
      if ('bools' in given)
        return constant(tensorOf('bool', given.dims, Uint8Array.from(given.bools, Number)));
      if ('floats' in given) return constant(float32Tensor(given.dims, given.floats));
      feeds[`x${index}`] = { dims: given, data: take(given) };
      const leaf = input(`x${index}`, 'float32', given);
      leaves.push(leaf);
      return leaf;
    });
    const y = output(line, inputs);
    const dims = y.shape.map(Number);
    feeds.weights = { dims, data: take(dims) };
    const weights = input('weights', 'float32', dims);
    const loss = reduceSum(mul(y, weights), [...dims.keys()], false);
    const found = gradients(loss, leaves);
    expect(found.map(({ shape }) => shape)).toEqual(leaves.map(({ shape }) => shape));
    const named = Object.fromEntries(found.map((value, index) => [`d${index}`, mul(value, 1)]));
    const results = await run(modelOf([...leaves, weights], named), feeds);
    for (const [index, { shape }] of leaves.entries()) {
      const reference = take(shape.map(Number));
      expect(results[`d${index}`]?.dims).toEqual(shape);
      expect(deviation(results[`d${index}`]?.data ?? [], reference)).toBeLessThan(1e-4);
    }
    expect(rest).toHaveLength(0);
  },
);

it('every operator that has a gradient is compared', () => {
  const compared = new Set(cases.map(({ op }) => op));
  // Cast alone has nothing to compare in PyTorch: the property test converts to half precision and back.
  expect(DIFFERENTIABLE.filter((op) => !compared.has(op))).toEqual(['Cast']);
});

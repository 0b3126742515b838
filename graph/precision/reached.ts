import { macsOf } from '../analysis/cost.js';
import { declaredTypes, inferTypes, type Types } from '../analysis/infer.js';
import { namesRead } from '../analysis/subgraphs.js';
import { numbers } from '../ir/dim.js';
import { ABSENT, type Model, type Node, opsetOf } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { definitionOf } from '../ops/index.js';

/** How much of a network's work a lower precision has reached. */
export interface Reached {
  /** 0..1 */
  readonly share: number;
  /** What that is a share of: weights where sizes, and with them the products of some node, are not known. */
  readonly of: 'multiply-adds' | 'weights';
}

/**
 * The share of what depends on the image that convolutions and products compute in halves, or on integers.
 * @param known sizes to put in place of named dimensions
 * @returns nothing for a model without any
 */
export function reachedBy(
  precision: 'fp16' | 'int8',
  model: Model,
  known: Readonly<Record<string, number>> = {},
): Reached | undefined {
  const types = inferTypes(model, known, declaredTypes(model, known));
  const opset = opsetOf(model);
  const producers = new Map(model.graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const isLowered = ({ inputs, outputs: [output = ABSENT] }: Node) =>
    precision === 'fp16'
      ? types.get(output)?.dtype === 'float16'
      : inputs.slice(0, 2).every((name) => producers.get(name)?.opType === 'DequantizeLinear');
  const moving = movingNodes(model);
  const products = moving.nodes.filter((node) => definitionOf(node, opset)?.macs !== undefined);
  const shareOf = (countOf: (node: Node) => number | undefined): number | undefined => {
    let [lowered, all] = [0, 0];
    for (const node of products) {
      const count = countOf(node);
      if (count === undefined) return undefined;
      all += count;
      if (isLowered(node)) lowered += count;
    }
    return all === 0 ? undefined : lowered / all;
  };
  const ofMacs = shareOf((node) => macsOf(node, types, opset));
  if (ofMacs !== undefined) return { share: ofMacs, of: 'multiply-adds' };
  const ofWeights = shareOf((node) => weightsOf(node, types, moving.values));
  return ofWeights === undefined ? undefined : { share: ofWeights, of: 'weights' };
}

/** What is computed from an input, and not from constants alone. */
function movingNodes({ graph: { nodes, inputs, initializers } }: Model) {
  const values = new Set(inputs.map(({ name }) => name).filter((name) => !initializers.has(name)));
  const moving = nodes.filter((node) => {
    if (!namesRead(node).some((name) => values.has(name))) return false;
    for (const name of node.outputs) values.add(name);
    return true;
  });
  return { nodes: moving, values };
}

function weightsOf({ inputs }: Node, types: Types, moving: ReadonlySet<string>): number {
  const constant = inputs.filter((name) => !moving.has(name)).map((name) => types.get(name));
  return constant.reduce((sum, type) => sum + elementCount(numbers(type?.shape ?? [0]) ?? [0]), 0);
}

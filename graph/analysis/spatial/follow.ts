import type { Dim } from '../../ir/dim.js';
import { ABSENT, type Model, type Node, opsetOf } from '../../ir/model.js';
import type { ValueType } from '../../ir/value.js';
import { broadcast } from '../../ops/elementwise.js';
import type { Image } from '../features.js';
import { inferNode } from '../infer.js';
import { holdsSubgraph } from '../subgraphs.js';
import { type Direction, withSizes } from './axes.js';
import { computesWithSizes, followOf, isStandard, keepsUniform, keptFrom } from './operators.js';
import { causeOf, lost, type Site, sourceOf } from './site.js';
import { CONSTANT, type ImageTrace, imageTrace, SIZE, type Trace, UNIFORM } from './trace.js';

/**
 * Primes that no number of channels or of heads is a multiple of: of an image whose height and width they divide, a size that one of
 * them divides is that of a height, or of a width.
 */
const PRIMES: Readonly<Record<Direction, number>> = { H: 509, W: 521 };

/**
 * How each value of a model follows from its image, by name. A value that no node computes is absent.
 * @param multiple open heights and widths are that many times the primes; other open sizes are 1
 * @throws NmodeError (BAD_MODEL) where the model does not take images of that size
 */
export function follow(model: Model, image: Image, multiple: number): ReadonlyMap<string, Trace> {
  const { graph } = model;
  const opset = opsetOf(model);
  const traces = new Map<string, Trace>();
  const types = new Map<string, ValueType>();
  const [, C, H, W] = image.shape;
  const sizeOf = (size: Dim, otherwise: number) => (typeof size === 'number' ? size : otherwise);
  const channels = sizeOf(C, 1);
  const [height, width] = [sizeOf(H, multiple * PRIMES.H), sizeOf(W, multiple * PRIMES.W)];
  const whole = imageTrace(height, width, channels);
  const isLong = (size: number, along: Direction) =>
    typeof { H, W }[along] === 'number' || size % PRIMES[along] === 0;
  for (const { name, type } of graph.inputs) {
    const isImage = name === image.name;
    const shape = isImage
      ? [1, channels, height, width]
      : type?.shape?.map((size) => (typeof size === 'number' && size > 0 ? size : 1));
    if (type && shape) types.set(name, { dtype: type.dtype, shape });
    traces.set(name, isImage ? whole : CONSTANT);
  }
  for (const [name, tensor] of graph.initializers) {
    types.set(name, { dtype: tensor.dtype, shape: tensor.dims, constant: tensor });
    traces.set(name, CONSTANT);
  }
  for (const node of graph.nodes) {
    const outputs = outputTypes(node, types, opset);
    const trace = traceOf(whole, {
      ...{ node, opset, isLong, output: outputs[0] },
      traces: node.inputs.map((name) => traces.get(name)),
      types: node.inputs.map((name) => types.get(name)),
    });
    node.outputs.forEach((name, index) => {
      const type = outputs[index];
      if (name === ABSENT) return;
      if (type !== undefined) types.set(name, type);
      const sized = trace.kind === 'image' && trace.axes && withSizes(trace.axes, type?.shape);
      traces.set(name, sized ? { ...trace, axes: sized } : trace);
    });
  }
  return traces;
}

/** Operators that read how large a tensor is and nothing else of it. */
const OF_SIZES = new Set(['Shape', 'Size', 'EyeLike', 'RandomNormalLike', 'RandomUniformLike']);

/** Whether what is computed with are values alone: sizes may only give a shape. */
function isUniformSource(traces: readonly (Trace | undefined)[], node: Node): boolean {
  const operands = computesWithSizes(node) ? traces : traces.slice(0, 1);
  return operands.every((trace) => trace?.kind !== 'size');
}

/** @param image what a subgraph, which is not followed, may read beside all that is computed so far */
function traceOf(image: ImageTrace, site: Site): Trace {
  const { node, traces } = site;
  if (holdsSubgraph(node)) return { ...lost({ ...site, traces: [image], types: [] }), isFormed: true };
  const name = isStandard(node) ? node.opType : '';
  if (OF_SIZES.has(name)) return SIZE;
  if (!traces.some((trace) => trace?.kind === 'image')) {
    const isSized = traces.some((trace) => trace?.kind === 'size');
    // Filled with one value, or with the same one over and over: whatever the size, until something counts or sums it.
    const isFilled =
      isSized && (name === 'ConstantOfShape' || (name === 'Expand' && traces[0]?.kind !== 'size'));
    const isUniform = traces.includes(UNIFORM);
    if (isFilled || (isUniform && keepsUniform(node) && isUniformSource(traces, node))) return UNIFORM;
    return isSized || isUniform ? SIZE : CONSTANT;
  }
  // Where a pool found its largest is a place in the image.
  if (name === 'MaxPool' && node.outputs.length > 1) return lost(site, 'whole');
  try {
    const trace = followOf(node)(site);
    const usesSize = computesWithSizes(node) && traces.some((operand) => operand?.kind === 'size');
    return usesSize ? { ...trace, cause: sourceOf(site).cause ?? causeOf(site, 'size') } : trace;
  } catch (error) {
    // An axis that the operator does not have.
    if (error instanceof RangeError) return lost(site);
    throw error;
  }
}

const TRUTHS = new Set('And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Xor'.split(' '));

/** What is inferred, or else the shape of operators that keep it. */
function outputTypes(
  node: Node,
  types: ReadonlyMap<string, ValueType>,
  opset: number,
): readonly (ValueType | undefined)[] {
  const inferred = inferNode(node, types, opset);
  const kept = keptFrom(node);
  if (inferred.length > 0 || kept === undefined) return inferred;
  const read = (kept === 'all' ? node.inputs : node.inputs.slice(0, 1)).filter((name) => name !== ABSENT);
  const known = read.map((name) => types.get(name)).filter((type) => type !== undefined);
  const dtype = TRUTHS.has(node.opType) ? 'bool' : known.at(-1)?.dtype;
  if (known.length < read.length || dtype === undefined) return [];
  return [{ dtype, shape: known.map(({ shape }) => shape).reduce(broadcast) }];
}

import { at } from '../common/at.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { add, mul, sub } from '../ops/elementwise.js';
import { batchNormalization } from '../ops/normalization.js';
import { relu } from '../ops/unary.js';
import { inScopeOf, type Rewriting, type Rule } from '../rewriting/rewrite.js';
import {
  type AffineForm,
  type AffineRegion,
  affineForm,
  affineRegion,
  isAffine,
  MAX_REGION,
} from './affine-form.js';
import { takesAffine } from './affine-into-convolution.js';
import { isRelu } from './conv-activation.js';
import { isLinearResize, resized } from './resizes.js';
import { isConvolution, type PerChannel, scaledConvolution } from './scale-convolution.js';

/**
 * A solver step is a sum of features and memories, each scaled channel by channel: all its additions, factors and normalisations
 * become one factor a summand and one constant. They move into the convolution that a summand comes from, through Resize,
 * which is linear, and through ReLU, which commutes with what is positive: there the sign stays behind.
 */
export function affineFolding(): Rule {
  /** How many nodes of their kind stand behind the values that were left to what reads them. */
  const left = new Map<string, number>();
  return (node, graph) => {
    if (!isAffine(node, graph)) return;
    const output = at(node.outputs, 0);
    const size = node.inputs.reduce((sum, name) => sum + (left.get(name) ?? 0), 1);
    // What others of the same kind alone read is a part of theirs, as far as these reach.
    const isPart =
      !graph.isOutput(output) && graph.consumers(output).every((reader) => isAffine(reader, graph));
    if (isPart && size < MAX_REGION) {
      left.set(output, size);
      return;
    }
    const region = affineRegion(node, graph);
    const form = affineForm(node, region.nodes, graph);
    if (form === undefined || form.terms.size === 0) return;
    const [plan] = plansOf(form, region, graph, takesAffine(output, graph)).sort((a, b) => a.nodes - b.nodes);
    return plan !== undefined && plan.nodes < region.nodes.size ? plan.build() : undefined;
  };
}

/** A way to compute something, and how many nodes it adds to those that are there. */
interface Plan {
  readonly nodes: number;
  build(): Value;
}

/** a x + c, pushed as far towards where x comes from as it goes. `isOwn`: nobody else reads x. */
function pushed(name: string, isOwn: boolean, graph: Rewriting, scale: PerChannel, shift: PerChannel): Plan {
  const node = isOwn ? graph.producer(name) : undefined;
  const here = (): Plan => ({
    nodes: affineNodes(scale, shift),
    build: () => channelAffine(known(name, graph), scale, shift),
  });
  if (node === undefined) return here();
  const input = at(node.inputs, 0);
  if (isConvolution(node, graph)) {
    return { nodes: 0, build: () => scaledConvolution(node, graph, scale, shift) };
  }
  if (isLinearResize(node, graph) && graph.producer(input)?.opType !== 'Resize') {
    const { nodes, build } = pushed(input, graph.isOwn(input), graph, scale, shift);
    return { nodes, build: () => resized(node, build(), graph) };
  }
  if (isRelu(node) && graph.isOwn(input) && isConvolution(graph.producer(input), graph)) {
    const size = scale.map(Math.abs);
    const sign = scale.map((value) => (value < 0 ? -1 : 1));
    const inner = pushed(input, true, graph, size, new Float64Array(size.length));
    const build = () => {
      const x = inScopeOf(node, () => relu(inner.build()));
      return channelAffine(x, sign, shift);
    };
    return { nodes: inner.nodes + affineNodes(sign, shift), build };
  }
  return here();
}

function known(name: string, graph: Rewriting): Value {
  const value = graph.value(name);
  if (value === undefined) throw new TypeError(`'${name}' has no type`);
  return value;
}

/**
 * The ways to compute a form: with its constant beside one of the summands or at the end. Where what follows takes a factor for
 * nothing, everything is left to it, the sign of one of the summands included.
 */
function plansOf(
  { terms, shift }: AffineForm,
  region: AffineRegion,
  graph: Rewriting,
  isFreeAfter: boolean,
): Plan[] {
  const [ones, zeros] = [shift.map(() => 1), shift.map(() => 0)];
  const isNegative = (scale: PerChannel) => scale.every((value) => value <= 0);
  /** The sum of sign x a_i x_i, with the constant beside `host` or, as the sign, after it at the cost of `after` nodes. */
  const planOf = (sign: PerChannel, after: number, host?: string): Plan => {
    const signed = Array.from(terms, ([name, scale]) => ({
      name,
      scale: scale.map((value, channel) => value * at(sign, channel)),
    }));
    const subtracts = !signed.every(({ scale }) => isNegative(scale));
    const parts = signed.map(({ name, scale }) => {
      const taken = subtracts && isNegative(scale);
      const toward = (values: PerChannel) => (taken ? values.map((value) => -value) : values);
      const added = toward(name === host ? shift : zeros);
      return { taken, plan: pushed(name, region.own.has(name), graph, toward(scale), added) };
    });
    const [first, ...others] = parts.sort((a, b) => Number(a.taken) - Number(b.taken));
    const nodes = parts.reduce((sum, { plan }) => sum + plan.nodes, parts.length - 1);
    return {
      nodes: nodes + (host === undefined ? after : 0),
      build() {
        if (first === undefined) throw new TypeError('a sum of nothing');
        const sum = others.reduce(
          (value, { taken, plan }) => (taken ? sub : add)(value, plan.build()),
          first.plan.build(),
        );
        return channelAffine(sum, sign, host === undefined ? shift : zeros);
      },
    };
  };
  if (!isFreeAfter) {
    const hosts = [...terms.keys(), undefined];
    return hosts.map((host) => planOf(ones, affineNodes(ones, shift), host));
  }
  const signs = Array.from(terms.values(), (scale) => scale.map((value) => (value < 0 ? -1 : 1)));
  return [ones, ...signs].map((sign) => planOf(sign, 0));
}

const all = (values: PerChannel, wanted: number) => values.every((value) => value === wanted);

/** Nodes that `channelAffine` takes. */
function affineNodes(scale: PerChannel, shift: PerChannel): number {
  return all(scale, 1) && all(shift, 0) ? 0 : 1;
}

/** a x + c, channel by channel, in at most one node. x [N, C, ...space]. */
function channelAffine(x: Value, scale: PerChannel, shift: PerChannel): Value {
  if (all(shift, 0)) return all(scale, 1) ? x : mul(x, perChannel(scale, x));
  if (all(scale, 1)) return add(x, perChannel(shift, x));
  const vector = (values: PerChannel) => constant(float32Tensor([values.length], Float32Array.from(values)));
  const [zeros, ones] = [scale.map(() => 0), scale.map(() => 1)];
  return batchNormalization(x, vector(scale), vector(shift), vector(zeros), vector(ones), 0);
}

/** Numbers that broadcast along the channels of x; one alone where all are the same. */
function perChannel(values: PerChannel, x: Value): Value {
  const [first = 0] = values;
  const dims = all(values, first) ? [] : [values.length, ...x.shape.slice(2).map(() => 1)];
  return constant(float32Tensor(dims, dims.length === 0 ? [first] : Float32Array.from(values)));
}

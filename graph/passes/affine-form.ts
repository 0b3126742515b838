import { at } from '../common/at.js';
import { sameDim } from '../ir/dim.js';
import { ABSENT, type Node } from '../ir/model.js';
import { float32Values, type Tensor } from '../ir/tensor.js';
import type { ValueType } from '../ir/value.js';
import type { Rewriting } from '../rewriting/rewrite.js';
import { normalizationOf } from './batch-norm-folding.js';
import type { PerChannel } from './scale-convolution.js';

/** A value as a sum of others, each scaled channel by channel, and of a constant: sum of a_i x_i, plus c. */
export interface AffineForm {
  readonly terms: ReadonlyMap<string, PerChannel>;
  readonly shift: PerChannel;
}

/** The nodes that compute a value by additions and per-channel factors alone. */
export interface AffineRegion {
  /** Each follows all that read it. */
  readonly nodes: ReadonlySet<Node>;
  /** What these read and nothing else does. */
  readonly own: ReadonlySet<string>;
}

/** No sum of a network is nearly as long; a crafted graph may be one sum of everything. */
export const MAX_REGION = 128;

/** The nodes around an affine root, the root included, whose values go nowhere else. */
export function affineRegion(root: Node, graph: Rewriting): AffineRegion {
  const shape = graph.value(root.outputs[0])?.shape ?? [];
  const nodes = new Set([root]);
  const own = new Set<string>();
  /** How many nodes outside read a value. */
  const readers = new Map<string, number>();
  // A set is walked to its end, what is added meanwhile included.
  for (const { inputs } of nodes) {
    for (const name of new Set(inputs)) {
      const others = (readers.get(name) ?? graph.consumerCount(name)) - 1;
      readers.set(name, others);
      if (others > 0 || graph.isOutput(name)) continue;
      own.add(name);
      const node = graph.producer(name);
      if (node === undefined || nodes.size === MAX_REGION || !isAffine(node, graph)) continue;
      if (sameShape(graph.value(name)?.shape, shape)) nodes.add(node);
    }
  }
  return { nodes, own };
}

/** What a region computes, in terms of what it reads; undefined where that is no sum of numbers. */
export function affineForm(root: Node, nodes: ReadonlySet<Node>, graph: Rewriting): AffineForm | undefined {
  const shape = graph.value(root.outputs[0])?.shape ?? [];
  const [, channels] = shape;
  if (typeof channels !== 'number') return undefined;
  const zeros = () => new Float64Array(channels);
  const forms = new Map<string, AffineForm>();
  const formOf = (name: string): AffineForm => {
    const known = forms.get(name);
    if (known !== undefined) return known;
    const constant = channelConstant(graph.constant(name), channels, shape.length);
    return constant === undefined
      ? { terms: new Map([[name, zeros().fill(1)]]), shift: zeros() }
      : { terms: new Map(), shift: constant };
  };
  const combine = (node: Node): AffineForm => {
    const [left, right = ABSENT] = [at(node.inputs, 0), node.inputs[1]];
    const normalization = normalizationOf(node, graph);
    if (normalization !== undefined) {
      const { scale, shift } = normalization;
      return plus(scaled(formOf(left), scale), { terms: new Map(), shift });
    }
    switch (node.opType) {
      case 'Add':
        return plus(formOf(left), formOf(right));
      case 'Sub':
        return plus(formOf(left), scaled(formOf(right), zeros().fill(-1)));
      case 'Neg':
        return scaled(formOf(left), zeros().fill(-1));
      case 'Div': {
        const factors = formOf(right).shift.map((value) => 1 / value);
        return scaled(formOf(left), factors);
      }
      default: {
        const [a, b] = [formOf(left), formOf(right)];
        return a.terms.size === 0 ? scaled(b, a.shift) : scaled(a, b.shift);
      }
    }
  };
  for (const node of [...nodes].reverse()) forms.set(at(node.outputs, 0), combine(node));
  const form = formOf(at(root.outputs, 0));
  const factors = [form.shift, ...form.terms.values()];
  return factors.every((values) => values.every((value) => Number.isFinite(Math.fround(value))))
    ? form
    : undefined;
}

function scaled({ terms, shift }: AffineForm, factors: PerChannel): AffineForm {
  const times = (values: PerChannel) => values.map((value, channel) => value * at(factors, channel));
  return {
    terms: new Map(Array.from(terms, ([name, values]) => [name, times(values)])),
    shift: times(shift),
  };
}

function plus(a: AffineForm, b: AffineForm): AffineForm {
  const add = (x: PerChannel, y: PerChannel) => x.map((value, channel) => value + at(y, channel));
  const terms = new Map(a.terms);
  for (const [name, values] of b.terms) {
    const known = terms.get(name);
    terms.set(name, known === undefined ? values : add(known, values));
  }
  return { terms, shift: add(a.shift, b.shift) };
}

/** What an operand of a node is beside its result [N, C, ...]: of the same shape, a constant of each channel, or something else. */
type Operand = 'whole' | 'constant' | 'other';

/** Whether an operator of these operands adds them, or scales one of them by constants. */
const AFFINE: Readonly<Record<string, (operands: readonly Operand[]) => boolean>> = {
  Add: (operands) => operands.length === 2 && operands.includes('whole'),
  Sub: (operands) => operands.length === 2 && operands.includes('whole'),
  Neg: ([x]) => x === 'whole',
  Mul: (operands) => operands.includes('constant') && operands.includes('whole'),
  Div: ([x, divisor]) => x === 'whole' && divisor === 'constant',
};

/** Whether a node adds its inputs, or scales one of them by constants, all of the result's shape [N, C, ...]. */
export function isAffine(node: Node, graph: Rewriting): boolean {
  const { opType, domain, inputs, outputs } = node;
  const out = graph.value(outputs[0]);
  const channels = out?.shape[1];
  if (domain !== '' || out?.dtype !== 'float32' || typeof channels !== 'number') return false;
  if (opType === 'BatchNormalization') return normalizationOf(node, graph) !== undefined;
  // Only then are constants read: all weights are some.
  if (!Object.hasOwn(AFFINE, opType)) return false;
  const operands = inputs.map((name): Operand => {
    if (channelConstant(graph.constant(name), channels, out.shape.length) !== undefined) return 'constant';
    return sameShape(graph.value(name)?.shape, out.shape) ? 'whole' : 'other';
  });
  if (operands.includes('other') || !AFFINE[opType]?.(operands)) return false;
  return opType !== 'Mul' || !endsGelu(node, graph);
}

function sameShape(a: ValueType['shape'] | undefined, b: ValueType['shape']): boolean {
  return a?.length === b.length && a.every((dim, axis) => sameDim(dim, at(b, axis)));
}

/** x (1 + erf(x / sqrt 2)) times 1/2: runtimes know it as one kernel, which it must not lose. */
function endsGelu(node: Node, graph: Rewriting): boolean {
  const before = (nodes: readonly (Node | undefined)[]) =>
    nodes.flatMap((found) => (found?.inputs ?? []).map((name) => graph.producer(name)));
  const products = before([node]).filter((found) => found?.opType === 'Mul');
  return before(before(products)).some((found) => found?.opType === 'Erf');
}

/** A constant that is the same everywhere within a channel of a value of this rank, one number a channel. */
function channelConstant(tensor: Tensor | undefined, channels: number, rank: number): PerChannel | undefined {
  if (tensor?.dtype !== 'float32' || tensor.dims.length > rank) return undefined;
  const dims = [...Array(rank - tensor.dims.length).fill(1), ...tensor.dims];
  const own = at(dims, 1);
  if (own !== 1 && own !== channels) return undefined;
  const values = float32Values(tensor);
  if (values.length === 0) return undefined;
  const area = values.length / (at(dims, 0) * own);
  const first = (channel: number) => at(values, own === 1 ? 0 : channel * area);
  const isUniform = values.every((value, place) => value === first(Math.floor(place / area) % own));
  return isUniform ? Float64Array.from({ length: channels }, (_, channel) => first(channel)) : undefined;
}

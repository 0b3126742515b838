import { ABSENT, type Node } from '../ir/model.js';
import type { Rewriting } from '../rewriting/rewrite.js';
import { isClamp, type QuantizableLayer } from './layers.js';
import type { Range } from './parameters.js';

/** Sums and products of two feature maps, as residual branches, gates and SiLU have them: runtimes compute them on integers. */
const CARRIERS = new Set(['Add', 'Mul']);

/** Activations between layers: what they read and give is on integers, also where runtimes compute the activation itself in float. */
const ACTIVATIONS = new Set(['HardSwish', 'LeakyRelu', 'Mish', 'PRelu', 'Sigmoid', 'Swish']);

/** What needs no calibration. */
const KNOWN_RANGES: Readonly<Record<string, Range>> = {
  Sigmoid: { min: 0, max: 1 },
  HardSigmoid: { min: 0, max: 1 },
};

/** Whether a node adds or multiplies two values that depend on the image. */
export function isCarrier({ opType, domain, inputs }: Node, graph: Rewriting): boolean {
  return (
    CARRIERS.has(opType) &&
    domain === '' &&
    inputs.length === 2 &&
    inputs.every((name) => graph.constant(name) === undefined)
  );
}

/** Whether a node is an activation of one feature map. */
export function isActivation({ opType, domain }: Node): boolean {
  return ACTIVATIONS.has(opType) && domain === '';
}

/** Whether a node joins feature maps, as skip connections are. */
export function isJoin({ opType, domain, inputs }: Node, graph: Rewriting): boolean {
  return opType === 'Concat' && domain === '' && inputs.every((name) => graph.constant(name) === undefined);
}

/** The range of what an operator gives, whatever it reads. */
export function knownRange(node: Node | undefined): Range | undefined {
  return node?.domain === '' ? KNOWN_RANGES[node.opType] : undefined;
}

/** What reaches layers by nothing but what stays on integers, so that it need not leave them. */
export function carriedValues(layers: readonly QuantizableLayer[], graph: Rewriting): ReadonlySet<string> {
  const found = new Set<string>();
  // A set is walked to its end, what is added meanwhile included.
  const read = new Set(layers.map(({ input }) => input));
  for (const name of read) {
    const producer = graph.producer(name);
    if (producer === undefined || !carries(producer, graph)) continue;
    found.add(name);
    const clamped = isClamp(producer) ? clampedCarrier(producer, graph) : undefined;
    const { inputs } = clamped ?? producer;
    // Behind the first input of an activation there may be slopes.
    for (const input of isActivation(producer) ? inputs.slice(0, 1) : inputs) read.add(input);
  }
  return found;
}

/** The sum or product that a node clamps, where nothing else reads it. */
export function clampedCarrier(clamp: Node, graph: Rewriting): Node | undefined {
  const [input = ABSENT] = clamp.inputs;
  const before = graph.isOwn(input) ? graph.producer(input) : undefined;
  return before && isCarrier(before, graph) ? before : undefined;
}

function carries(node: Node, graph: Rewriting): boolean {
  return (
    [isCarrier, isJoin, isActivation, isClamp].some((holds) => holds(node, graph)) ||
    node.opType === 'MaxPool'
  );
}

import { ABSENT, type Node } from '../ir/model.js';
import type { Rewriting } from '../rewriting/rewrite.js';
import { isClamp, type QuantizableLayer } from './layers.js';
import type { Range } from './parameters.js';

/** Sums and products of two feature maps, as residual branches, gates and SiLU have them: runtimes compute them on integers. */
const CARRIERS = new Set(['Add', 'Mul']);

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
    for (const input of (clamped ?? producer).inputs) read.add(input);
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
  return isCarrier(node, graph) || isClamp(node) || node.opType === 'MaxPool' || node.opType === 'Sigmoid';
}

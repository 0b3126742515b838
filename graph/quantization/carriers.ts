import type { Node } from '../model.js';
import type { Rewriting } from '../rewrite.js';
import { isBounds, type QuantizableLayer } from './layers.js';
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

/** What carriers give from which layers compute what they read: their ranges have to be known. */
export function carriedValues(layers: readonly QuantizableLayer[], graph: Rewriting): readonly string[] {
  const found = new Set<string>();
  const outputs = new Set(layers.map(({ output }) => output));
  // A set is walked to its end, what is added meanwhile included.
  const read = new Set(layers.map(({ input }) => input));
  for (const name of read) {
    const producer = graph.producer(name);
    if (producer === undefined || outputs.has(name)) continue;
    if (isCarrier(producer, graph)) for (const input of producer.inputs) read.add(input);
    else if (isBounds(producer) || producer.opType === 'MaxPool') read.add(producer.inputs[0] ?? '');
    else continue;
    found.add(name);
  }
  return [...found];
}

/** Whether a value reaches a layer that is quantised, by nothing but what stays on integers. */
export function reachesLayer(
  graph: Rewriting,
  isQuantized: (layer: string) => boolean,
): (name: string) => boolean {
  const known = new Map<string, boolean>();
  const reaches = (name: string): boolean => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const found = graph.consumers(name).some((reader) => {
      const [output = ''] = reader.outputs;
      return isQuantized(output) || (carries(reader, graph) && reaches(output));
    });
    known.set(name, found);
    return found;
  };
  return reaches;
}

function carries(node: Node, graph: Rewriting): boolean {
  return isCarrier(node, graph) || isBounds(node) || node.opType === 'MaxPool' || node.opType === 'Sigmoid';
}

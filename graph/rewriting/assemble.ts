import { badUsage } from '../common/errors.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { sinceOf } from '../ops/index.js';
import { declare, NameAllocator } from './name-allocator.js';

/** The opsets that models are lifted to, with the oldest IR version that carries each. */
export const IR_OF_OPSET: ReadonlyMap<number, number> = new Map([
  [13, 7],
  [14, 7],
  [15, 8],
  [16, 8],
  [17, 8],
  [18, 8],
  [19, 9],
  [20, 9],
  [21, 10],
]);

/** Those that this package writes a network in. */
export const OPSETS: readonly number[] = [...IR_OF_OPSET.keys()].filter((opset) => opset <= 18);

export const DEFAULT_OPSET = 17;

export interface AssembleOptions {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly opset?: number;
  readonly producerVersion: string;
  readonly metadata?: ReadonlyMap<string, string>;
}

/**
 * Turns values into a model: the operations that the outputs need, in topological order, named by the scope they were
 * made in. The same values give the same model, byte for byte.
 */
export function assemble(options: AssembleOptions): Model {
  const opset = options.opset ?? DEFAULT_OPSET;
  const irVersion = IR_OF_OPSET.get(opset);
  if (irVersion === undefined || !OPSETS.includes(opset)) {
    throw badUsage(`opset ${opset} is not supported: choose 13 to 18`);
  }
  const graph = new NameAllocator();
  for (const { source } of options.inputs) {
    if (source.kind !== 'input') throw new TypeError('an input is computed');
    graph.claim(source.name);
  }
  const outputs = graph.placeOutputs(options.outputs);
  const newer = graph.nodes.find((node) => (sinceOf(node) ?? 0) > opset);
  if (newer !== undefined) {
    throw badUsage(`opset ${opset} is too old: ${newer.opType} (${newer.name}) needs ${sinceOf(newer)}`);
  }
  return {
    irVersion,
    producerName: 'nmode-onnx',
    producerVersion: options.producerVersion,
    opsets: new Map([['', opset]]),
    metadata: options.metadata ?? new Map(),
    graph: {
      name: options.name,
      inputs: options.inputs.map((value) => declare(graph.nameOf(value), value)),
      outputs,
      valueInfo: [],
      nodes: graph.nodes,
      initializers: graph.initializers,
    },
  };
}

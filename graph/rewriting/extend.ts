import { namesIn } from '../analysis/subgraphs.js';
import { NmodeError, reason } from '../common/errors.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { declare } from './assemble.js';
import { NameAllocator } from './name-allocator.js';

/** A tensor of a model, to compute others from. */
export const tensorOf = (name: string, { dtype, shape }: Pick<Value, 'dtype' | 'shape'>): Value => ({
  dtype,
  shape,
  source: { kind: 'input', name },
});

/**
 * A model that goes on to compute other outputs in place of its own; all else of it stays as it is.
 * @param outputs computed from tensors of the model and from weights
 * @throws NmodeError (BAD_MODEL) where the model has an output's or a weight's name already
 */
export function extend(model: Model, outputs: Readonly<Record<string, Value>>): Model {
  const { graph } = model;
  const placement = new NameAllocator();
  for (const name of namesIn({ ...graph, outputs: [] })) placement.claim(name);
  try {
    for (const [name, value] of Object.entries(outputs)) {
      placement.claim(name);
      placement.give(value, name);
    }
    for (const value of Object.values(outputs)) placement.nameOf(value);
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `${reason(error)}: rename it in the model`, { cause: error });
  }
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [...graph.nodes, ...placement.nodes],
      outputs: Object.entries(outputs).map(([name, value]) => declare(name, value)),
      valueInfo: [...graph.valueInfo, ...graph.outputs].filter(({ type, typeBytes }) => type ?? typeBytes),
      initializers: new Map([...graph.initializers, ...placement.initializers]),
    },
  };
}

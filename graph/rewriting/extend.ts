import { namesIn } from '../analysis/subgraphs.js';
import { badModel, reason } from '../common/errors.js';
import type { Model, ValueInfo } from '../ir/model.js';
import { input, type Value, type ValueType } from '../ir/value.js';
import { NameAllocator } from './name-allocator.js';

/** A tensor of a model, to compute others from. */
export const tensorOf = (name: string, { dtype, shape }: ValueType): Value => input(name, dtype, shape);

/**
 * A model that goes on to compute other outputs in place of its own; all else of it stays as it is.
 * @param outputs computed from tensors of the model and from weights
 * @throws NmodeError (BAD_MODEL) where the model has an output's or a weight's name already
 */
export function extend(model: Model, outputs: Readonly<Record<string, Value>>): Model {
  const { graph } = model;
  const placement = new NameAllocator(namesIn({ ...graph, outputs: [] }));
  let declared: readonly ValueInfo[];
  try {
    declared = placement.placeOutputs(outputs);
  } catch (error) {
    throw badModel(`${reason(error)}: rename it in the model`, { cause: error });
  }
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [...graph.nodes, ...placement.nodes],
      outputs: declared,
      valueInfo: [...graph.valueInfo, ...graph.outputs].filter(({ type, typeBytes }) => type ?? typeBytes),
      initializers: new Map([...graph.initializers, ...placement.initializers]),
    },
  };
}

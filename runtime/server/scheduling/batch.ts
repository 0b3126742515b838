import { at } from '../../../graph/common/at.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import { concatenate } from '../../sessions/rows.js';
import type { Inputs, Outputs } from '../../sessions/tensors.js';

/** Elements of all inputs of a request. */
export function elementsOf(inputs: Inputs): number {
  return Object.values(inputs).reduce((sum, { dims }) => sum + elementCount(dims), 0);
}

/** What must be equal for requests to run as one: everything but the first dimension. */
export function stackKey(inputs: Inputs, outputs: readonly string[] | undefined): string {
  const ports = Object.entries(inputs).map(
    ([name, { dims, data }]) => `${name} ${data.constructor.name} ${dims.slice(1)}`,
  );
  return [...ports.sort(), ...(outputs ?? [])].join('\n');
}

/** Tensors of several requests under one another. */
export function stack(requests: readonly Inputs[]): Inputs {
  const names = Object.keys(at(requests, 0));
  return Object.fromEntries(
    names.map((name) => [name, concatenate(requests.flatMap((request) => request[name] ?? []))]),
  );
}

/**
 * The outputs of a run of several requests, request by request.
 * @param rows of each
 * @throws RangeError where an output has another first dimension than all inputs together
 */
export function split(outputs: Outputs, rows: readonly number[]): readonly Outputs[] {
  const total = rows.reduce((sum, count) => sum + count, 0);
  let start = 0;
  return rows.map((count) => {
    const own = Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => {
        if (dims[0] !== total) throw new RangeError(`output '${name}' has ${dims[0]} rows for ${total}`);
        const size = data.length / total;
        return [
          name,
          { dims: [count, ...dims.slice(1)], data: data.slice(start * size, (start + count) * size) },
        ];
      }),
    );
    start += count;
    return own;
  });
}

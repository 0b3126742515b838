import { at } from '../../../graph/common/at.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import { concatenate } from '../../sessions/rows.js';
import type { FloatOutputs, PlainInputs } from '../../sessions/tensors.js';

/** Elements of all inputs of a request. */
export function elementsOf(inputs: PlainInputs): number {
  return Object.values(inputs).reduce((sum, { dims }) => sum + elementCount(dims), 0);
}

/** What must be equal for requests to run as one: everything but the first dimension. */
export function stackKey(inputs: PlainInputs, outputs: readonly string[] | undefined): string {
  const ports = Object.entries(inputs).map(
    ([name, { dims, data }]) => `${name} ${data.constructor.name} ${dims.slice(1)}`,
  );
  return [...ports.sort(), ...(outputs ?? [])].join('\n');
}

/** Tensors of several requests under one another. */
export function stack(requests: readonly PlainInputs[]): PlainInputs {
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
export function split(outputs: FloatOutputs, rows: readonly number[]): readonly FloatOutputs[] {
  const total = rows.reduce((sum, count) => sum + count, 0);
  let start = 0;
  return rows.map((count) => {
    const own = Object.entries(outputs).map(([name, output]) => {
      const { dims, data } = output;
      if (dims[0] !== total) throw new RangeError(`output '${name}' has ${dims[0]} rows for ${total}`);
      const size = data.length / total;
      const values = data.slice(start * size, (start + count) * size);
      return [name, { ...output, dims: [count, ...dims.slice(1)], data: values }];
    });
    start += count;
    return Object.fromEntries(own);
  });
}

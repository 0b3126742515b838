import { badUsage, reason } from '../../graph/common/errors.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { copyOf, refuseGone } from '../common/buffers.js';
import type { Bytes, Floats, Inputs, Port } from './tensors.js';

/**
 * The inputs of a run in memory of the session's own, before the caller goes on: the run may have to wait, and the caller
 * may fill its buffers again.
 * @param transfer take the buffers, which are empty afterwards, instead of copying what the views show
 * @throws NmodeError (BAD_USAGE) for what is no tensor, holds nothing any more, or cannot be taken
 */
export function ownInputs(inputs: Inputs, ports: readonly Port[], transfer: boolean): Inputs {
  if (typeof inputs !== 'object' || inputs === null) {
    throw badUsage('expected inputs by their names, as in { image: { dims, data } }');
  }
  const given = Object.entries(inputs);
  for (const [name, tensor] of given) checkInput(name, tensor, ports);
  if (transfer) return take(given);
  return Object.fromEntries(
    given.map(([name, { dims, data }]) => [name, { dims: [...dims], data: copyOf(data, input(name)) }]),
  ) as Inputs;
}

const input = (name: string) => `input '${name}'`;

function checkInput(name: string, tensor: Floats | Bytes, ports: readonly Port[]): void {
  const { dims, data } = tensor ?? {};
  const dtype = data instanceof Float32Array ? 'float32' : data instanceof Uint8Array ? 'uint8' : undefined;
  const isShape = Array.isArray(dims) && dims.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (dtype === undefined || !isShape) {
    throw badUsage(
      `${input(name)}: expected { dims, data } with sizes as numbers and a Float32Array or a Uint8Array`,
    );
  }
  refuseGone(data, input(name));
  if (data.length !== elementCount(dims)) {
    throw badUsage(
      `${input(name)} has ${data.length} elements, expected ${elementCount(dims)} for [${dims}]`,
    );
  }
  const wanted = ports.find((port) => port.name === name)?.dtype;
  if ((wanted === 'float32' || wanted === 'uint8') && wanted !== dtype) {
    throw badUsage(`${input(name)} is given as ${dtype}, the model takes ${wanted}`);
  }
}

/** Several inputs may lie in one buffer. @throws NmodeError (BAD_USAGE) for memory that is shared or not the caller's to give */
function take(given: readonly (readonly [string, Floats | Bytes])[]): Inputs {
  const inputs = Object.fromEntries(given.map(([name, { dims, data }]) => [name, { dims, data }])) as Inputs;
  const buffers = new Set(given.map(([, { data }]) => data.buffer));
  try {
    return structuredClone(inputs, { transfer: [...buffers] as ArrayBuffer[] });
  } catch (error) {
    throw badUsage(
      `the memory of the inputs cannot be given away (${reason(error)}): run without 'transfer'`,
      { cause: error },
    );
  }
}

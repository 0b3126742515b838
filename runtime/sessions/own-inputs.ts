import { badUsage, reason } from '../../graph/common/errors.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { copyOf, refuseGone } from '../common/buffers.js';
import type { Inputs, Port } from './tensors.js';

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

type Input = Inputs[string];

const input = (name: string) => `input '${name}'`;

/** The element types that a tensor may be given as, by its array; none for what is no tensor. */
function dtypesOf(data: unknown): readonly string[] {
  if (data instanceof Float32Array) return ['float32'];
  if (data instanceof Uint8Array) return ['uint8'];
  return data instanceof Uint16Array ? ['float16', 'uint16'] : [];
}

/** All of them. */
const GIVEN: readonly string[] = ['float32', 'uint8', 'float16', 'uint16'];

function checkInput(name: string, tensor: Input, ports: readonly Port[]): void {
  const { dims, data } = tensor ?? {};
  const dtypes = dtypesOf(data);
  const isShape = Array.isArray(dims) && dims.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (dtypes.length === 0 || !isShape) {
    throw badUsage(
      `${input(name)}: expected { dims, data } with sizes as numbers and a Float32Array, a Uint8Array or, for 16 bits, a Uint16Array`,
    );
  }
  refuseGone(data, input(name));
  if (data.length !== elementCount(dims)) {
    throw badUsage(
      `${input(name)} has ${data.length} elements, expected ${elementCount(dims)} for [${dims}]`,
    );
  }
  const wanted = ports.find((port) => port.name === name)?.dtype;
  if (wanted !== undefined && GIVEN.includes(wanted) && !dtypes.includes(wanted)) {
    throw badUsage(`${input(name)} is given as ${dtypes.join(' or ')}, the model takes ${wanted}`);
  }
}

/** Several inputs may lie in one buffer. @throws NmodeError (BAD_USAGE) for memory that is shared or not the caller's to give */
function take(given: readonly (readonly [string, Input])[]): Inputs {
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

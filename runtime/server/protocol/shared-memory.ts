/** Triton's extensions for shared memory, of which this server has none: who asks learns it in their words. */
import { NmodeError } from '../../../graph/common/errors.js';

/** Parameters by which a tensor is said to be in shared memory. */
const PARAMETERS = ['shared_memory_region', 'shared_memory_offset', 'shared_memory_byte_size'];

/**
 * @param what an input or an output, as messages name it
 * @param parameters their names
 * @throws NmodeError (UNSUPPORTED) where it is said to be in shared memory
 */
export function refuseSharedMemory(what: string, parameters: readonly string[]): void {
  if (PARAMETERS.some((name) => parameters.includes(name)))
    throw new NmodeError(
      'UNSUPPORTED',
      `${what} is in a shared memory region, and shared memory is not supported: send tensors with the request`,
    );
}

/** What is answered to who registers a region. */
export function noRegion(name: string): NmodeError {
  return new NmodeError(
    'UNSUPPORTED',
    `failed to register shared memory region '${name}': shared memory is not supported: send tensors with requests`,
  );
}

import type { Floats } from '../../sessions/tensors.js';

/** Finite numbers as JSON has them in a list, without its brackets. */
export function numbersText(data: Floats['data']): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(Array.from(data)).slice(1, -1));
}

import type { Floats } from '../../../sessions/tensors.js';

/** Numbers as JSON has them in a list, without its brackets; undefined where one is not finite, which JSON has no word for. */
export function numbersText(data: Floats['data']): Uint8Array | undefined {
  if (!data.every(Number.isFinite)) return undefined;
  return new TextEncoder().encode(JSON.stringify(Array.from(data)).slice(1, -1));
}

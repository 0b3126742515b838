import { parseDecimal } from '../common/decimal.js';

/**
 * How far from a pixel of its output a network looks at its image: so many pixels to each side, or no certain number and why.
 */
export type Reach = { readonly pixels: number } | { readonly why: string };

/** The key of `metadata_props` with the side of the window that a pixel of the output is computed from, or `global`. */
export const RECEPTIVE_FIELD_KEY = 'nmode.receptive_field';

/** A reach as a model's metadata states it. */
export const receptiveField = (reach: Reach): string =>
  'pixels' in reach ? String(2 * reach.pixels + 1) : 'global';

/** The reach that a model's metadata states. */
export function statedReach(metadata: ReadonlyMap<string, string>): Reach {
  const stated = metadata.get(RECEPTIVE_FIELD_KEY);
  const side = stated === undefined ? undefined : parseDecimal(stated);
  if (side !== undefined && Number.isSafeInteger(side) && side > 0)
    return { pixels: Math.ceil((side - 1) / 2) };
  const why =
    stated === 'global'
      ? 'the network looks at the whole image'
      : `how far the network looks is not known: its metadata has no ${RECEPTIVE_FIELD_KEY}`;
  return { why };
}

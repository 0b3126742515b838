import { parseDecimal } from '../../graph/common/decimal.js';

/** What height and width must be multiples of, as a model's metadata tells it; 1 where that is no whole number above 0. */
export function sizeMultipleOf(metadata: ReadonlyMap<string, string>): number {
  const told = parseDecimal(metadata.get('nmode.size_multiple') ?? '') ?? 0;
  return Number.isSafeInteger(told) && told > 0 ? told : 1;
}

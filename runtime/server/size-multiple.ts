import { parseDecimal } from '../../graph/common/decimal.js';

/** What height and width must be multiples of, as a model's metadata tells it; 1 where that is no whole number above 0. */
export function sizeMultipleOf(metadata: ReadonlyMap<string, string>): number {
  const stated = parseDecimal(metadata.get('nmode.size_multiple') ?? '') ?? 0;
  return Number.isSafeInteger(stated) && stated > 0 ? stated : 1;
}

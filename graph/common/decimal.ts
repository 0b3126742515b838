const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * The number that a text is in decimal notation, as in `-0.5` or `1e-3`; undefined for any other text: `Number` also takes
 * hexadecimal, blanks, nothing at all and infinity.
 */
export function parseDecimal(text: string): number | undefined {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

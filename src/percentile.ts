/** As MLPerf's LoadGen counts: the value at floor(n p) of n that are sorted; NaN of none. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

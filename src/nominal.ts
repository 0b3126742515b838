/** The release's input size: what is counted with where a model leaves its sizes open. */
export const NOMINAL_SIDE = 256;

/** Sizes to count with: batch 1 and NOMINAL_SIDE for what a shape [N, C, H, W] leaves open. */
export function nominalSizes(shape: readonly (number | string)[]): {
  readonly shape: readonly number[];
  readonly known: Readonly<Record<string, number>>;
} {
  const sizes = shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : NOMINAL_SIDE));
  const open = shape.map((dim, axis): [string, number] => [String(dim), sizes[axis] ?? 1]);
  return {
    shape: sizes,
    known: Object.fromEntries(open.filter((_, axis) => typeof shape[axis] === 'string')),
  };
}

/** Halves, or four of them as one number. */
export type Lanes = Uint16Array | Float64Array;

/** Where rows lie: the index of the first, and how far it is from one to the next. */
export interface Rows {
  readonly start: number;
  readonly step: number;
}

/** How many halves a `Float64Array` moves at a time. */
const WIDE = 4;

/** The number of halves of the lanes that all these distances are multiples of. */
export const lanesOf = (distances: readonly number[]): number =>
  distances.every((distance) => distance % WIDE === 0) ? WIDE : 1;

/**
 * Halves as lanes. Four finite ones never make a double that is not a number, which engines may change when they move it.
 * @param halves begin at a multiple of their lanes
 */
export const inLanes = ({ buffer, byteOffset, length }: Uint16Array, lanes: number): Lanes =>
  lanes === WIDE
    ? new Float64Array(buffer, byteOffset, Math.floor(length / WIDE))
    : new Uint16Array(buffer, byteOffset, length);

/** Copies rows one by one: a view of each, to be set as a whole, would take twice as long for short ones, and be garbage. */
export function copyRows(from: Lanes, source: Rows, to: Lanes, target: Rows, rows: number, columns: number) {
  for (let row = 0; row < rows; row++) {
    const [read, written] = [source.start + row * source.step, target.start + row * target.step];
    for (let column = 0; column < columns; column++) to[written + column] = from[read + column] as number;
  }
}

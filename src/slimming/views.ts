import type { Floats } from '../../runtime/sessions/tensors.js';

/** How an image is turned: mirrored along its rows, along its columns, its axes exchanged, in this order. */
export interface View {
  readonly across: boolean;
  readonly down: boolean;
  readonly exchanged: boolean;
}

const view = (across: boolean, down: boolean, exchanged: boolean): View => ({ across, down, exchanged });

export const UPRIGHT = view(false, false, false);

/** One that is turned by any angle, scaled, shifted and of another brightness: see `varied.ts`. */
export const VARIED = view(false, false, false);

/** The most different first. Exchanged axes need a square. */
const OF_SQUARES = [UPRIGHT, VARIED, view(true, true, false), view(false, false, true)];
const OF_OTHERS = [UPRIGHT, VARIED, view(true, true, false), view(true, false, false)];

/** The first views of an image: itself, a varied one, and what turns and mirrors make of it; at most 4. */
export function viewsOf(count: number, height: number, width: number): readonly View[] {
  return (height === width ? OF_SQUARES : OF_OTHERS).slice(0, count);
}

/** The planes of [1, C, H, W], turned. */
export function turned({ dims, data: from }: Floats, { across, down, exchanged }: View): Floats {
  if (!across && !down && !exchanged) return { dims, data: from };
  const [, channels = 1, height = 1, width = 1] = dims;
  const data = new Float32Array(from.length);
  const size = height * width;
  for (let y = 0; y < height; y++) {
    const row = (down ? height - 1 - y : y) * width;
    for (let x = 0; x < width; x++) {
      const source = row + (across ? width - 1 - x : x);
      const target = exchanged ? x * height + y : y * width + x;
      for (let plane = 0; plane < channels * size; plane += size)
        data[plane + target] = from[plane + source] as number;
    }
  }
  return { dims: exchanged ? [1, channels, width, height] : dims, data };
}

import { assertWhole, type Raster } from '../common/raster.js';

/** For each output place: the two input places and how much of the second. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

/** Half-pixel centres, clamped at the edges. Places of pixels of several channels are those of their samples. */
function taps(from: number, to: number, channels = 1): Taps {
  const places = () => new Int32Array(to * channels);
  const result = { low: places(), high: places(), share: new Float64Array(to * channels) };
  for (let i = 0; i < to; i++) {
    const place = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(place), from - 1);
    for (let channel = 0; channel < channels; channel++) {
      result.low[i * channels + channel] = low * channels + channel;
      result.high[i * channels + channel] = Math.min(low + 1, from - 1) * channels + channel;
      result.share[i * channels + channel] = place - low;
    }
  }
  return result;
}

/** Takes a row of pixels in double, interleaved by channel; the array is used again for the next. */
export type TakeRow = (row: number, values: Float64Array) => void;

/**
 * Bilinear resize with half-pixel centres and no antialiasing: torch.nn.functional.interpolate(mode='bilinear',
 * align_corners=False) on [height, width, channels]. Computed in double, rounded once.
 */
export function resizeBilinear(image: Raster, width: number, height: number) {
  const { channels } = image;
  const data = new Float32Array(width * height * channels);
  resizeRows(rowsOf(image), width, height, (row, values) => data.set(values, row * width * channels));
  return { width, height, channels, data };
}

/** Reads a row of pixels in double, interleaved by channel, or what of it fits behind `x`. */
export type ReadRow = (row: number, into: Float64Array, x?: number) => void;

/** An image whose rows are made when they are read. */
export interface Rows extends Omit<Raster, 'data'> {
  readonly read: ReadRow;
}

/** The rows of an image in double, so that loops see one type whatever the image's is, and are compiled for it. */
export function rowsOf(image: Raster): Rows {
  assertWhole(image);
  const { width, height, channels, data } = image;
  return {
    ...{ width, height, channels },
    read: (row, into, x = 0) => {
      const start = (row * width + x) * channels;
      into.set(data.subarray(start, start + into.length));
    },
  };
}

/** The same row by row, before it is rounded. */
export function resizeRows(image: Rows, width: number, height: number, take: TakeRow): void {
  if (width === image.width && height === image.height) {
    takeRows(image, take);
    return;
  }
  const across = taps(image.width, width, image.channels);
  const down = taps(image.height, height);
  // Shrinking, the height goes first: that leaves fewer rows to stretch.
  if (height < image.height) mixThenStretch(image, across, down, take);
  else stretchThenMix(image, across, down, take);
}

/** What has the size that is asked for stays as it is. */
function takeRows({ width, height, channels, read }: Rows, take: TakeRow): void {
  const values = new Float64Array(width * channels);
  for (let row = 0; row < height; row++) {
    read(row, values);
    take(row, values);
  }
}

/** Shrinking: two input rows become one, and that one is stretched. */
function mixThenStretch({ read, ...image }: Rows, across: Taps, down: Taps, take: TakeRow): void {
  const length = image.width * image.channels;
  const above = new Float64Array(length);
  const below = new Float64Array(length);
  const mixed = new Float64Array(length);
  const values = new Float64Array(across.share.length);
  for (let row = 0; row < down.share.length; row++) {
    read(down.low[row] as number, above);
    read(down.high[row] as number, below);
    mix(above, below, down.share[row] as number, mixed);
    stretch(mixed, across, values);
    take(row, values);
  }
}

/** Growing: many output rows lie between the same two input rows, and each of these is stretched once. */
function stretchThenMix({ read, ...image }: Rows, across: Taps, down: Taps, take: TakeRow): void {
  const length = across.share.length;
  const source = new Float64Array(image.width * image.channels);
  const values = new Float64Array(length);
  let north = { row: -1, values: new Float64Array(length) };
  let south = { row: -1, values: new Float64Array(length) };
  const fill = (row: number, into: typeof north) => {
    if (into.row === row) return;
    into.row = row;
    read(row, source);
    stretch(source, across, into.values);
  };
  for (let row = 0; row < down.share.length; row++) {
    const above = down.low[row] as number;
    if (south.row === above) [north, south] = [south, north];
    fill(above, north);
    fill(down.high[row] as number, south);
    mix(north.values, south.values, down.share[row] as number, values);
    take(row, values);
  }
}

function stretch(from: Float64Array, { low, high, share: shares }: Taps, into: Float64Array): void {
  for (let i = 0; i < into.length; i++) {
    const share = shares[i] as number;
    into[i] = (from[low[i] as number] as number) * (1 - share) + (from[high[i] as number] as number) * share;
  }
}

function mix(a: Float64Array, b: Float64Array, share: number, into: Float64Array): void {
  const rest = 1 - share;
  for (let i = 0; i < into.length; i++) into[i] = (a[i] as number) * rest + (b[i] as number) * share;
}

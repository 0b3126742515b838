import { at } from '../../../graph/common/at.js';
import { hashOf, uniform } from '../../../graph/common/random.js';
import { isAbsolute, type Normalization } from '../../../graph/recipe/normalization.js';
import type { ImageRaster } from '../../../runtime/common/raster.js';
import type { Floats } from '../../../runtime/sessions/tensors.js';

/** A way in which a camera could have seen what is on an image. */
export interface View {
  /** The decoded image as it sees it, which is prepared as any other. */
  readonly image: ImageRaster;
  /** What is known of each pixel of the image, [1, C, H, W] of any size, moved to where its pixels are. */
  masks(planes: Floats): Floats;
}

/** How far an image is shifted, as a share of its side; how much it is scaled; how its light changes. */
const [SHIFT, ZOOM, GAIN, GAMMA] = [0.1, 4 / 3, 0.12, 0.3];

/**
 * The image as it is, and views of it by a camera that is held otherwise: mirrored, turned by any angle, scaled and shifted, with mirrored borders; and
 * in another light, but for images whose stored values mean something (a CT's). The same for the same name.
 * @param size of the views; by default the image's own
 */
export function* viewsOf(
  image: ImageRaster,
  { count, name, normalization, size = image }: ViewOptions,
): Generator<View, void, undefined> {
  yield { image, masks: (planes) => planes };
  for (let index = 1; index < count; index++) {
    const next = uniform(hashOf(`${name}/${index}`));
    const move = { ...moveBy(next), aspect: image.width / image.height };
    const light = isAbsolute(normalization) ? undefined : lightBy(next, image.channels);
    yield { image: seen(image, size, move, light), masks: (planes) => movedPlanes(planes, move) };
  }
}

export interface ViewOptions {
  readonly count: number;
  /** Of the image. */
  readonly name: string;
  readonly normalization: Normalization;
  readonly size?: Size;
}

/** A number between two that are as far from 0. */
const within = (next: () => number, most: number) => (2 * next() - 1) * most;

function moveBy(next: () => number): Omit<Move, 'aspect'> {
  return {
    angle: 2 * Math.PI * next(),
    isMirrored: next() < 0.5,
    zoom: ZOOM ** within(next, 1),
    shift: [within(next, SHIFT), within(next, SHIFT)],
  };
}

interface Light {
  readonly gamma: number;
  /** Of each channel. */
  readonly gains: readonly number[];
}

function lightBy(next: () => number, channels: number): Light {
  const gamma = Math.exp(within(next, GAMMA));
  return { gamma, gains: Array.from({ length: channels }, () => 1 + within(next, GAIN)) };
}

/** Samples stay whole numbers of as many bits. */
function seen(image: ImageRaster, size: Size, move: Move, light: Light | undefined): ImageRaster {
  const { channels, data: stored } = image;
  const { width, height } = size;
  const data = new (stored instanceof Uint16Array ? Uint16Array : Uint8Array)(channels * width * height);
  const interleaved = { channels, strides: [1, channels] } as const;
  const lit = light === undefined ? new Float64Array(stored) : inLight(image, light);
  moveInto({ width, height, data, ...interleaved }, { ...image, data: lit, ...interleaved }, move);
  return { width, height, channels, data };
}

/** What becomes of its samples. */
function inLight(image: ImageRaster, light: Light): Float64Array {
  const { channels, data } = image;
  const white = whiteOf(image);
  const lit = new Float64Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    const levels = levelsIn(light, channel, white);
    for (let place = channel; place < lit.length; place += channels)
      lit[place] = levels[data[place] as number] as number;
  }
  return lit;
}

/** What a sample is where there is most light: of 16 bits, mostly fewer are used. */
const whiteOf = ({ data }: ImageRaster): number =>
  data instanceof Uint16Array ? data.reduce((most, value) => Math.max(most, value), 1) : 255;

/** What becomes of each stored value: nothing stays nothing. */
function levelsIn({ gamma, gains }: Light, channel: number, white: number): Float64Array {
  const gain = at(gains, channel);
  return Float64Array.from({ length: white + 1 }, (_, value) =>
    Math.min(white, gain * white * (value / white) ** gamma),
  );
}

/** The planes of [1, C, H, W]. */
function movedPlanes({ dims, data: given }: Floats, move: Move): Floats {
  const [, channels = 1, height = 1, width = 1] = dims;
  const planes = { width, height, channels, strides: [height * width, 1] } as const;
  const data = new Float32Array(given.length);
  moveInto({ ...planes, data }, { ...planes, data: given }, move);
  return { dims, data };
}

type Size = Pick<ImageRaster, 'width' | 'height'>;

/** How a camera is held otherwise. */
interface Move {
  /** In radians. */
  readonly angle: number;
  /** Along its rows, before it is turned. */
  readonly isMirrored: boolean;
  readonly zoom: number;
  /** Down and across, as shares of the sides. */
  readonly shift: readonly [down: number, across: number];
  /** Width by height of what the camera sees: pixels of another size than its own are no squares. */
  readonly aspect: number;
}

/** Numbers of each pixel, a channel each, in whatever order. */
interface Grid extends Size {
  readonly data: Float64Array | Float32Array | Uint8Array | Uint16Array;
  readonly channels: number;
  /** From a channel to the next, and from a pixel to the next. */
  readonly strides: readonly [channel: number, pixel: number];
}

/**
 * Fills a grid with another as the camera sees it, bilinear between its pixels (half-pixel centres); beyond its borders it goes on as its mirror
 * image. Whole numbers are rounded.
 */
function moveInto(
  to: Grid,
  { data, width, height, strides: [fromChannel, fromPixel] }: Grid,
  { angle, isMirrored, zoom, shift: [down, across], aspect }: Move,
): void {
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const side = isMirrored ? -1 : 1;
  const [toChannel, toPixel] = to.strides;
  // Arrays of whole numbers cut off what is behind the point.
  const rounding = to.data instanceof Uint8Array || to.data instanceof Uint16Array ? 0.5 : 0;
  for (let y = 0; y < to.height; y++) {
    // From the middle, in heights.
    const v = (y + 0.5) / to.height - 0.5 - down;
    for (let x = 0; x < to.width; x++) {
      const u = ((x + 0.5) / to.width - 0.5 - across) * aspect;
      const sourceY = mirrored((cos * v + sin * u + 0.5) * height - 0.5, height);
      const sourceX = mirrored(((side * (cos * u - sin * v)) / aspect + 0.5) * width - 0.5, width);
      const top = Math.floor(sourceY);
      const left = Math.floor(sourceX);
      const dy = sourceY - top;
      const dx = sourceX - left;
      const above = top * width;
      const below = Math.min(top + 1, height - 1) * width;
      const right = Math.min(left + 1, width - 1);
      const place = (y * to.width + x) * toPixel;
      for (let channel = 0; channel < to.channels; channel++) {
        const start = channel * fromChannel;
        const upperLeft = data[start + (above + left) * fromPixel] as number;
        const upperRight = data[start + (above + right) * fromPixel] as number;
        const lowerLeft = data[start + (below + left) * fromPixel] as number;
        const lowerRight = data[start + (below + right) * fromPixel] as number;
        const upper = (1 - dx) * upperLeft + dx * upperRight;
        const lower = (1 - dx) * lowerLeft + dx * lowerRight;
        to.data[place + channel * toChannel] = (1 - dy) * upper + dy * lower + rounding;
      }
    }
  }
}

/** A place on an axis of an image that goes on as its mirror image. */
function mirrored(place: number, size: number): number {
  // Most are on it, and a remainder takes long.
  if (place >= 0 && place <= size - 1) return place;
  const period = Math.max(1, 2 * (size - 1));
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}

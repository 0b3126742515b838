import type { Layout } from '../../graph/recipe/layout.js';
import type { MirrorAxis } from '../../graph/recipe/recipe.js';
import type { Size } from './courses/course.js';

/** The axes along which a window is mirrored for each of its runs: none, each, and both. */
export function viewsOf(axes: readonly MirrorAxis[] = []): readonly (readonly MirrorAxis[])[] {
  return [[], ...axes.map((axis) => [axis]), ...(axes.length > 1 ? [axes] : [])];
}

/** Planes [C, height, width], or [height, width, C] as the layout says, mirrored. */
export function mirrored(
  data: Float32Array,
  { width, height }: Size,
  axes: readonly MirrorAxis[],
  layout: Layout = 'NCHW',
): Float32Array {
  if (axes.length === 0) return data;
  const channels = data.length / (width * height);
  const [planes, inner] = layout === 'NCHW' ? [channels, 1] : [1, channels];
  const [across, down] = [axes.includes('width'), axes.includes('height')];
  const result = new Float32Array(data.length);
  let to = 0;
  for (let row = 0; row < planes * height; row++) {
    const plane = Math.floor(row / height) * height;
    const from = (down ? 2 * plane + height - 1 - row : row) * width;
    for (let x = 0; x < width; x++) {
      const pixel = (from + (across ? width - 1 - x : x)) * inner;
      for (let i = 0; i < inner; i++) result[to++] = data[pixel + i] as number;
    }
  }
  return result;
}

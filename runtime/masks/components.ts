import type { Mask } from '../images/raster.js';

/** A connected part of a mask. */
export interface Component {
  /** Pixels. */
  readonly area: number;
  /** The smallest rectangle around it, in pixels. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** What is done to a mask after it is cut, in this order. */
export interface Cleaning {
  /** Background that the mask encloses joins it. */
  readonly fillHoles?: boolean;
  /** Keep the largest connected part only. */
  readonly largestComponent?: boolean;
  /** Drop connected parts of fewer pixels. */
  readonly minArea?: number;
}

type Neighbours = 4 | 8;

interface Labelling {
  /** The component of each pixel, counted from 1; 0 outside. */
  readonly labels: Int32Array;
  readonly components: readonly Component[];
}

/**
 * Connected-component labelling by flood fill in the order of rows. Regions of a mask connect over corners (8
 * neighbours), its background by edges (4): otherwise a closed curve would not close.
 */
function label({ width, height, data }: Mask, inside: boolean, neighbours: Neighbours): Labelling {
  const labels = new Int32Array(data.length);
  const components: Component[] = [];
  // Each pixel is put here at most once.
  const stack = new Int32Array(data.length);
  for (let seed = 0; seed < data.length; seed++) {
    if (labels[seed] !== 0 || (data[seed] !== 0) !== inside) continue;
    const number = components.length + 1;
    let [depth, area, left, right, top, bottom] = [1, 0, width, 0, height, 0];
    stack[0] = seed;
    labels[seed] = number;
    while (depth > 0) {
      const at = stack[--depth] ?? 0;
      const [x, y] = [at % width, Math.floor(at / width)];
      area++;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          if (neighbours === 4 && row !== y && column !== x) continue;
          const next = row * width + column;
          if (labels[next] !== 0 || (data[next] !== 0) !== inside) continue;
          labels[next] = number;
          stack[depth++] = next;
        }
      }
    }
    components.push({ area, box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 } });
  }
  return { labels, components };
}

/** The connected parts of a mask, the largest first. */
export function componentsOf(mask: Mask): readonly Component[] {
  return label(mask, true, 8).components.toSorted((a, b) => b.area - a.area);
}

/** A mask after cleaning; the mask itself where there is nothing to do. */
export function clean(mask: Mask, { fillHoles, largestComponent, minArea = 0 }: Cleaning): Mask {
  const filled = fillHoles ? withoutHoles(mask) : mask;
  if (!largestComponent && minArea <= 1) return filled;
  const { labels, components } = label(filled, true, 8);
  const largest = components.reduce(
    (best, { area }, at) => (area > (components[best]?.area ?? 0) ? at : best),
    0,
  );
  const kept = components.map(({ area }, at) => area >= minArea && (!largestComponent || at === largest));
  return { ...mask, data: Uint8Array.from(labels, (number) => (kept[number - 1] ? 255 : 0)) };
}

/** Holes are the parts of the background that do not reach the border. */
function withoutHoles(mask: Mask): Mask {
  const { width, height } = mask;
  const { labels, components } = label(mask, false, 4);
  const open = components.map(
    ({ box }) => box.x === 0 || box.y === 0 || box.x + box.width === width || box.y + box.height === height,
  );
  return {
    ...mask,
    data: Uint8Array.from(labels, (number) => (number === 0 || !open[number - 1] ? 255 : 0)),
  };
}

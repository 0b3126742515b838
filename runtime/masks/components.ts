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

/** A stretch of one row, and the number of the component that it belongs to. */
interface Runs {
  readonly row: readonly number[];
  readonly start: readonly number[];
  /** One past the last pixel. */
  readonly end: readonly number[];
  readonly component: readonly number[];
}

/** The root of a run's tree, which every run on the way is hung under. */
function rootOf(parents: number[], run: number): number {
  let root = run;
  while (parents[root] !== root) root = parents[root] ?? root;
  for (let at = run; at !== root; ) {
    const next = parents[at] ?? root;
    parents[at] = root;
    at = next;
  }
  return root;
}

/**
 * Connected-component labelling of runs by union and find: a run joins those of the row above that it touches. Regions of
 * a mask touch over corners (8 neighbours), its background by edges only (4): otherwise a closed curve would not close.
 * @param value of the pixels that are labelled, 0 or 255
 */
function label({ width, data }: Mask, value: 0 | 255): { runs: Runs; components: readonly Component[] } {
  const reach = value === 0 ? 0 : 1;
  const [row, start, end, parents]: [number[], number[], number[], number[]] = [[], [], [], []];
  // The runs of the row above that may still touch, and where this row's begin.
  let [above, first] = [0, 0];
  for (let at = data.indexOf(value); at >= 0; at = data.indexOf(value, at)) {
    const y = Math.floor(at / width);
    const [from, limit] = [at, (y + 1) * width];
    while (at < limit && data[at] === value) at++;
    const run = parents.length;
    if (y !== row[run - 1]) [above, first] = [y - 1 === row[run - 1] ? first : run, run];
    const [left, right] = [from - y * width, at - y * width];
    row.push(y);
    start.push(left);
    end.push(right);
    parents.push(run);
    while (above < first && (end[above] ?? 0) + reach <= left) above++;
    for (let other = above; other < first && (start[other] ?? 0) < right + reach; other++) {
      const [a, b] = [rootOf(parents, other), rootOf(parents, run)];
      // The first run of a component stays its root.
      parents[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return measure({ row, start, end }, parents);
}

/** Numbers the components in the order of their first pixels, and measures them. */
function measure(runs: Omit<Runs, 'component'>, parents: number[]) {
  const component: number[] = [];
  const found: { area: number; left: number; right: number; top: number; bottom: number }[] = [];
  for (const [run, y] of runs.row.entries()) {
    const [left, right] = [runs.start[run] ?? 0, runs.end[run] ?? 0];
    const root = rootOf(parents, run);
    const number = root === run ? found.length : (component[root] ?? 0);
    component.push(number);
    const known = found[number];
    if (known === undefined) found.push({ area: right - left, left, right, top: y, bottom: y + 1 });
    else {
      known.area += right - left;
      known.left = Math.min(known.left, left);
      known.right = Math.max(known.right, right);
      known.bottom = y + 1;
    }
  }
  const components = found.map(
    ({ area, left, right, top, bottom }): Component => ({
      area,
      box: { x: left, y: top, width: right - left, height: bottom - top },
    }),
  );
  return { runs: { ...runs, component }, components };
}

/** The connected parts of a mask, the largest first. */
export function componentsOf(mask: Mask): readonly Component[] {
  return label(mask, 255).components.toSorted((a, b) => b.area - a.area);
}

/** A mask after cleaning; the mask itself where nothing is asked for. */
export function clean(mask: Mask, { fillHoles, largestComponent, minArea = 0 }: Cleaning): Mask {
  const filled = fillHoles ? withoutHoles(mask) : mask;
  if (!largestComponent && minArea <= 1) return filled;
  const { runs, components } = label(filled, 255);
  const largest = components.reduce(
    (best, { area }, at) => (area > (components[best]?.area ?? 0) ? at : best),
    0,
  );
  const kept = components.map(({ area }, at) => area >= minArea && (!largestComponent || at === largest));
  return paint(filled, runs, (component) => !kept[component], 0);
}

/** Holes are the parts of the background that do not reach the border. */
function withoutHoles(mask: Mask): Mask {
  const { width, height } = mask;
  const { runs, components } = label(mask, 0);
  const enclosed = components.map(
    ({ box }) => box.x > 0 && box.y > 0 && box.x + box.width < width && box.y + box.height < height,
  );
  return paint(mask, runs, (component) => enclosed[component] ?? false, 255);
}

/** The mask with some components set to a value. */
function paint(mask: Mask, runs: Runs, chosen: (component: number) => boolean, value: 0 | 255): Mask {
  const data = mask.data.slice();
  for (const [run, component] of runs.component.entries()) {
    if (!chosen(component)) continue;
    const row = (runs.row[run] ?? 0) * mask.width;
    data.fill(value, row + (runs.start[run] ?? 0), row + (runs.end[run] ?? 0));
  }
  return { ...mask, data };
}

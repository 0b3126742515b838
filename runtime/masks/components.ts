import { at } from '../../graph/common/at.js';
import { checkArgument } from '../../graph/common/option-kinds.js';
import { MASK, type Mask } from '../common/raster.js';

/** A connected component of a mask. */
export interface Component {
  /** Pixels. */
  readonly area: number;
  /** The smallest rectangle around it, in pixels. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The connected components of a mask. */
export interface Components {
  readonly count: number;
  /** Pixels of all. */
  readonly area: number;
  /** At most the 1,000 largest, the largest first. */
  readonly largest: readonly Component[];
}

/** A mask of noise has as many components as it has pixels. */
const MAX_LISTED = 1000;

/** What is done to a mask after its threshold, in this order. */
export interface Cleaning {
  /** Background that the mask encloses joins it. */
  readonly fillHoles?: boolean;
  /** Keep the largest component only. */
  readonly largestComponent?: boolean;
  /** Drop components of fewer pixels. */
  readonly minArea?: number;
}

/** Whole numbers, as many as come, in four bytes each. */
class Int32List {
  #values = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }
}

/** A mask taken apart into runs, which are stretches of one row, and the component of each. */
interface Labelling {
  /** Where each run begins and, one further, ends, counted through the whole mask. */
  readonly start: Int32List;
  readonly end: Int32List;
  /** The number of each run's component. */
  readonly component: Int32List;
  readonly areas: Int32List;
}

/** The root of a run's tree, which every run on the way is hung under. */
function rootOf(parents: Int32List, run: number): number {
  let root = run;
  while (parents.at(root) !== root) root = parents.at(root);
  for (let at = run; at !== root; ) {
    const next = parents.at(at);
    parents.set(at, root);
    at = next;
  }
  return root;
}

/**
 * Connected-component labelling of runs by union and find: a run joins those of the row above that it touches. Regions of
 * a mask touch over corners (8 neighbours), its background by edges only (4): otherwise a closed curve would not close.
 * @param value of the pixels that are labelled, 0 or 255
 */
function label({ width, data }: Mask, value: 0 | 255): Labelling {
  const reach = value === 0 ? 0 : 1;
  const [start, end, parents] = [new Int32List(), new Int32List(), new Int32List()];
  // The runs of the row above that may still touch, and where this row's begin.
  let [above, first, row] = [0, 0, -1];
  for (let at = data.indexOf(value); at >= 0; at = data.indexOf(value, at)) {
    const left = at;
    const y = Math.floor(at / width);
    while (at < (y + 1) * width && data[at] === value) at++;
    const run = start.length;
    if (y !== row) [above, first, row] = [y - 1 === row ? first : run, run, y];
    start.push(left);
    end.push(at);
    parents.push(run);
    // In the row above, this run lies between these.
    const [from, to] = [left - width - reach, at - width + reach];
    while (above < first && end.at(above) <= from) above++;
    for (let other = above; other < first && start.at(other) < to; other++) {
      const [a, b] = [rootOf(parents, other), rootOf(parents, run)];
      // The first run of a component stays its root.
      parents.set(Math.max(a, b), Math.min(a, b));
    }
  }
  return { start, end, ...number(start, end, parents) };
}

/** Numbers the components in the order of their first pixels, and counts their pixels. */
function number(start: Int32List, end: Int32List, parents: Int32List) {
  const [component, areas] = [new Int32List(), new Int32List()];
  for (let run = 0; run < start.length; run++) {
    const root = rootOf(parents, run);
    if (root === run) areas.push(0);
    const id = root === run ? areas.length - 1 : component.at(root);
    component.push(id);
    areas.set(id, areas.at(id) + end.at(run) - start.at(run));
  }
  return { component, areas };
}

/** The connected components of a mask. */
export function componentsOf(mask: Mask): Components {
  checkArgument('mask', mask, MASK);
  const { start, end, component, areas } = label(mask, 255);
  if (areas.length === 0) return { count: 0, area: 0, largest: [] };
  const sorted = Int32Array.from({ length: areas.length }, (_, id) => areas.at(id)).sort();
  const least = at(sorted, Math.max(0, sorted.length - MAX_LISTED));
  // Of those as small as the last that is listed, as many as there is room for.
  let room = MAX_LISTED - (sorted.length - 1 - sorted.lastIndexOf(least));
  const boxes = new Map<number, { left: number; right: number; top: number; bottom: number }>();
  for (let run = 0; run < start.length; run++) {
    const id = component.at(run);
    if (areas.at(id) < least) continue;
    if (areas.at(id) === least && !boxes.has(id)) {
      if (room === 0) continue;
      room--;
    }
    const y = Math.floor(start.at(run) / mask.width);
    const [left, right] = [start.at(run) - y * mask.width, end.at(run) - y * mask.width];
    const box = boxes.get(id) ?? { left, right, top: y, bottom: y };
    boxes.set(id, {
      left: Math.min(box.left, left),
      right: Math.max(box.right, right),
      top: box.top,
      bottom: y + 1,
    });
  }
  const largest = Array.from(
    boxes,
    ([id, { left, right, top, bottom }]): Component => ({
      area: areas.at(id),
      box: { x: left, y: top, width: right - left, height: bottom - top },
    }),
  ).sort((a, b) => b.area - a.area);
  return { count: areas.length, area: sorted.reduce((sum, area) => sum + area, 0), largest };
}

/** A mask after cleaning; the mask itself where nothing is asked for. */
export function clean(mask: Mask, { fillHoles, largestComponent, minArea = 0 }: Cleaning): Mask {
  const filled = fillHoles ? withoutHoles(mask) : mask;
  if (!largestComponent && minArea <= 1) return filled;
  const labelling = label(filled, 255);
  const { areas } = labelling;
  let largest = 0;
  for (let id = 1; id < areas.length; id++) if (areas.at(id) > areas.at(largest)) largest = id;
  const dropped = (id: number) => areas.at(id) < minArea || (largestComponent === true && id !== largest);
  return paint(filled, labelling, dropped, 0);
}

/** Holes are the components of the background that do not reach the border. */
function withoutHoles(mask: Mask): Mask {
  const { width, height } = mask;
  const labelling = label(mask, 0);
  const { start, end, component, areas } = labelling;
  const open = new Uint8Array(areas.length);
  for (let run = 0; run < start.length; run++) {
    const y = Math.floor(start.at(run) / width);
    const atSide = start.at(run) === y * width || end.at(run) === (y + 1) * width;
    if (atSide || y === 0 || y === height - 1) open[component.at(run)] = 1;
  }
  return paint(mask, labelling, (id) => open[id] === 0, 255);
}

/** The mask with some components set to a value. */
function paint(
  mask: Mask,
  { start, end, component }: Labelling,
  chosen: (id: number) => boolean,
  value: 0 | 255,
): Mask {
  const data = mask.data.slice();
  for (let run = 0; run < start.length; run++) {
    if (chosen(component.at(run))) data.fill(value, start.at(run), end.at(run));
  }
  return { ...mask, data };
}

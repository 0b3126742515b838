import { at } from '../../common/at.js';
import { floatOf, intOf, intsOf, stringOf } from '../../ir/attribute.js';
import { elementCount, float32Values } from '../../ir/tensor.js';
import { windowsOf } from '../../ops/window.js';
import { type Axis, type Direction, directionOf, isSpatial, numberOf, plain } from './axes.js';
import { because, lost, mixing, numbersAt, type Site, shifted, slid, sourceOf } from './site.js';
import { divided, type ImageTrace, windowed } from './trace.js';

/** Operators that compute an element from a window of elements, or from those at another resolution. */

type Slide = (trace: ImageTrace, along: Direction, window: Window) => ImageTrace;

interface Window {
  readonly stride: number;
  /** Elements from the first to the last that it holds. */
  readonly reach: number;
  /** Elements before the first of the input; undefined where it is as a size asks for. */
  readonly before: number | undefined;
}

/** Applies a window to each spatial axis. Undefined where an axis cannot be followed. */
function slide(site: Site, kernel: readonly number[], change: Slide): ImageTrace | undefined {
  const source = sourceOf(site);
  const { attributes } = site.node;
  const [, , ...space] = source.axes ?? [];
  if (space.length === 0 || kernel.length !== space.length) return undefined;
  const isSame = stringOf(attributes, 'auto_pad', 'NOTSET').startsWith('SAME');
  // Windows do not depend on how large the axes are.
  const windows = windowsOf(kernel, kernel, attributes);
  let trace = source;
  for (const [index, { stride, extent, before }] of windows.entries()) {
    const axis = at(space, index);
    const window = { stride, reach: extent - 1, before: isSame ? undefined : before };
    if (!isSpatial(axis) || (window.reach === 0 && stride === 1 && window.before === 0)) continue;
    const along = directionOf(axis);
    if (along === undefined || !Number.isFinite(window.reach)) return undefined;
    trace = change(trace, along, window);
  }
  return trace;
}

const inWindow: Slide = (trace, along, { stride, reach, before }) =>
  slid(trace, along, (extent) => windowed(extent, stride, -(before ?? reach), reach - (before ?? 0)));

const fromWindow: Slide = (trace, along, { stride, reach, before }) =>
  slid(trace, along, (extent) =>
    windowed(extent, 1 / stride, ((before ?? 0) - reach) / stride, (before ?? reach) / stride),
  );

/** Conv and its kin. `weight` is the place of the weight among the inputs. */
export function convolution(site: Site, weight = 1, transposed = false): ImageTrace {
  const stated = intsOf(site.node.attributes, 'kernel_shape', []);
  const [outputs, perGroup, ...sizes] = site.types[weight]?.shape ?? [];
  const kernel = stated.length > 0 ? stated : sizes.map(numberOf);
  const found = slide(site, kernel, transposed ? fromWindow : inWindow);
  if (found?.axes === undefined) return { ...lost(site), isFormed: true };
  const [batch = [], channels, ...space] = found.axes;
  const group = intOf(site.node.attributes, 'group', 1);
  const isScaling = group === outputs && perGroup === 1 && kernel.every((size) => size === 1);
  const axes: readonly Axis[] = [batch, plain(Number.NaN), ...space];
  return mixing(site, { ...found, axes, isFormed: found.isFormed || !isScaling }, [channels]);
}

export const transposedConvolution = (site: Site): ImageTrace => convolution(site, 1, true);

export function pooling(site: Site): ImageTrace {
  return slide(site, intsOf(site.node.attributes, 'kernel_shape', []), inWindow) ?? lost(site);
}

export function globalPooling(site: Site): ImageTrace {
  const source = sourceOf(site);
  if (source.axes === undefined) return lost(site, 'whole');
  const axes = source.axes.map((axis, index) => (index < 2 ? axis : []));
  return mixing(site, { ...source, axes }, source.axes.slice(2));
}

/** DepthToSpace and, with a block that divides, SpaceToDepth. */
export function shuffling(site: Site, isFiner: boolean): ImageTrace {
  const source = sourceOf(site);
  const block = intOf(site.node.attributes, 'blocksize', 1);
  const [batch = [], channels, ...space] = source.axes ?? [];
  if (space.length !== 2 || isSpatial(channels)) return lost(site);
  let trace = source;
  for (const axis of space.filter(isSpatial)) {
    const along = directionOf(axis);
    if (along === undefined) return lost(site);
    trace = slid(trace, along, (extent) => divided(extent, isFiner ? block : 1 / block));
  }
  return { ...trace, axes: [batch, plain(Number.NaN), ...space] };
}

export function padding(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { axes } = source;
  const stated = intsOf(site.node.attributes, 'pads', intsOf(site.node.attributes, 'paddings', []));
  const pads = stated.length > 0 ? stated : numbersAt(site, 1);
  if (axes === undefined || pads === undefined) return lost(site, 'size');
  // What is beyond one border is what is before the other.
  if (stringOf(site.node.attributes, 'mode', 'constant') === 'wrap') return lost(site, 'whole');
  const named = numbersAt(site, 3) ?? [...axes.keys()];
  let trace = source;
  for (const [index, place] of named.entries()) {
    const [axis, before] = [axes[place < 0 ? place + axes.length : place], at(pads, index)];
    const along = directionOf(axis);
    if (before === 0 || !isSpatial(axis)) continue;
    if (along === undefined) return lost(site);
    trace = shifted(trace, along, -before);
    if (site.traces[1]?.kind === 'size') trace = because(trace, site, 'size');
  }
  return trace;
}

/** How far interpolation looks to both sides, in elements of the coarser grid. */
const SUPPORT: Readonly<Record<string, number>> = { nearest: 1, linear: 1, cubic: 2 };

/** Resize, and Upsample of older opsets. */
export function resizing(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { attributes, opType, inputs } = site.node;
  const sizes = site.output?.shape;
  const { axes } = source;
  if (axes === undefined) return lost(site);
  const isNew = opType === 'Resize' && inputs.length > 2;
  const factors = scalesOf(site, isNew ? 2 : 1);
  const otherwise = isNew ? 'half_pixel' : 'asymmetric';
  const coordinates = stringOf(attributes, 'coordinate_transformation_mode', otherwise);
  const support = SUPPORT[stringOf(attributes, 'mode', 'nearest')] ?? Number.NaN;
  let trace = source;
  for (const [index, axis] of axes.entries()) {
    if (!isSpatial(axis)) continue;
    const [along, before, after] = [directionOf(axis), at(axis, 0).size, sizes?.[index]];
    const factor = factors?.[index] ?? numberOf(after) / before;
    if (factor === 1) continue;
    // The place of an element is then its share of the size.
    if (coordinates === 'align_corners') trace = because(trace, site, 'size');
    if (coordinates === 'tf_crop_and_resize' || attributes.has('axes')) return lost(site);
    if (along === undefined || !(factor > 0))
      return lost(site, site.traces[3]?.kind === 'constant' ? 'whole' : 'unknown');
    // To one size for all: how much an element stands for depends on the image.
    if (factors === undefined && site.traces[3]?.kind === 'constant') trace = because(trace, site, 'whole');
    const wide = intOf(attributes, 'antialias', 0) === 1 ? Math.max(1, 1 / factor) : 1;
    const centre = coordinates.startsWith('tf')
      ? 0.5 / factor
      : coordinates.includes('half_pixel')
        ? 0.5 / factor - 0.5
        : 0;
    const far = support * wide;
    trace = slid(trace, along, (extent) => windowed(extent, 1 / factor, centre - far, centre + far));
    if (!Number.isFinite(far)) trace = because(trace, site, 'unknown');
  }
  return trace;
}

function scalesOf({ node, types }: Site, index: number): readonly number[] | undefined {
  const attribute = node.attributes.get('scales');
  if (attribute?.type === 'floats') return attribute.value;
  const one = floatOf(node.attributes, 'height_scale', 0);
  if (one > 0) return [1, 1, one, floatOf(node.attributes, 'width_scale', one)];
  const tensor = types[index]?.constant;
  if (tensor?.dtype !== 'float32' || elementCount(tensor.dims) === 0) return undefined;
  return Array.from(float32Values(tensor));
}

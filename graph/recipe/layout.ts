import { at } from '../common/at.js';

/** In which order a tensor has images, channels and pixels. */
export const LAYOUTS = ['NCHW', 'NHWC'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** The key of `metadata_props` that says in which order a model takes and gives them; by its shape without. */
export const LAYOUT_KEY = 'nmode.layout';

/** A size as models declare it: open where it is not a number. */
type Size = number | string;

/** Which axes are channels, height and width. */
export const axesOf = (layout: Layout): readonly [channels: number, height: number, width: number] =>
  layout === 'NCHW' ? [1, 2, 3] : [3, 1, 2];

/** As many channels as images mostly have, and sides do not. */
const areChannels = (size: Size) => typeof size === 'number' && size >= 1 && size <= 4;

/**
 * Where the shape of an image seems to have its channels; undefined where it does not tell. There are 1 to 4 of them, or any
 * number beside a height and a width that are both open.
 */
export function apparentLayout(shape: readonly Size[]): Layout | undefined {
  if (shape.length !== 4) return undefined;
  const fitting = (fits: (sizes: readonly Size[]) => boolean) => {
    const found = LAYOUTS.filter((layout) => fits(axesOf(layout).map((axis) => at(shape, axis))));
    return found.length === 1 ? found[0] : undefined;
  };
  return (
    fitting(([channels = 0]) => areChannels(channels)) ??
    fitting(([channels, ...sides]) => Number(channels) > 0 && sides.every((side) => typeof side === 'string'))
  );
}

/** In which order a model has channels and pixels by its metadata; undefined where they do not say one. */
export const statedLayout = (metadata: ReadonlyMap<string, string>): Layout | undefined =>
  LAYOUTS.find((layout) => layout === metadata.get(LAYOUT_KEY));

/** Whether the channels of the image that a model takes stand last: as its metadata say, or else its shape. */
export const areChannelsLast = (
  shape: readonly Size[],
  metadata: ReadonlyMap<string, string> = new Map(),
): boolean => (statedLayout(metadata) ?? apparentLayout(shape)) === 'NHWC';

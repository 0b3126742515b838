import { at } from './at.js';

/** In which order a tensor has images, channels and pixels. */
export const LAYOUTS = ['NCHW', 'NHWC'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** The key of `metadata_props` that says in which order a model takes and gives them; by its shape without. */
export const LAYOUT_KEY = 'nmode.layout';

/** Images of 1, 3 or 4 channels, as TensorFlow has them. */
const areChannels = (size: number | string) => size === 1 || size === 3 || size === 4;

/** Whether the channels of an image of four axes seem to stand last. */
export const areChannelsLast = (shape: readonly (number | string)[]): boolean =>
  areChannels(at(shape, 3)) && !areChannels(at(shape, 1));

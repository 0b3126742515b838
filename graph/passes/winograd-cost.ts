import { type Layer, tilesAlong } from './winograd.js';
import { PRODUCTS } from './winograd-transforms.js';

/** Where a model is to run. */
export const TARGETS = ['cpu', 'wasm', 'webgpu'] as const;
export type Target = (typeof TARGETS)[number];

/** What parts of a layer take, in units of a multiply-add of the direct convolution. */
interface Costs {
  /** A multiply-add of the matrix products. */
  readonly product: number;
  /** One of the 36 factors of a filter, which is read once whatever the size of the image. */
  readonly filter: number;
  /** One of the 36 factors of a window of a channel. */
  readonly factor: number;
  /** One of the 36 products of a tile of an output. */
  readonly tile: number;
}

/** Fitted to the layers of `npm run bench:layers`, and to what whole networks gain by them. */
const COSTS: Readonly<Partial<Record<Target, Costs>>> = {
  cpu: { product: 1.4, filter: 12, factor: 140, tile: 170 },
  wasm: { product: 1.3, filter: 0, factor: 20, tile: 40 },
};

/** Matrix products take that many tiles at a time, whether they are there or not. */
const PANEL = 16;

/** A rewrite has to win clearly: what it costs is measured on one machine. */
const MARGIN = 0.9;

/** What a layer takes on integers, in the time of its direct form: natively Winograd's form never comes near. */
const INTEGERS: Readonly<Partial<Record<Target, number>>> = { wasm: 0.4 };

/** The time of a layer in Winograd's form, in that of its direct one; undefined where nobody has measured a target. */
export function expectedRatio(target: Target, layer: Layer): number | undefined {
  const costs = COSTS[target];
  if (costs === undefined) return;
  const { batch, channels, outputs, height, width } = layer;
  const { product, filter, factor, tile } = costs;
  const direct = batch * height * width * channels * outputs * 9;
  const tiles = tilesAlong(height) * tilesAlong(width);
  const ofProducts = channels * outputs * (batch * PANEL * Math.ceil(tiles / PANEL) * product + filter);
  const ofTransforms = batch * tiles * (channels * factor + outputs * tile);
  return (PRODUCTS * (ofProducts + ofTransforms)) / direct;
}

/** Whether Winograd's form of a layer is expected to be clearly faster. */
export const pays =
  (target: Target) =>
  (layer: Layer): boolean =>
    (expectedRatio(target, layer) ?? 1) < MARGIN;

/** Whether it is expected to be faster than integers are. */
export const beatsIntegers =
  (target: Target) =>
  (layer: Layer): boolean =>
    (expectedRatio(target, layer) ?? 1) < (INTEGERS[target] ?? 0);

/** Whether rows are transformed before columns: where a pass over memory costs little beside products. */
export const isSeparable = (target: Target): boolean => target === 'wasm';

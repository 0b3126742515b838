import { type Layer, tilesAlong } from './winograd.js';
import { PRODUCTS } from './winograd-transforms.js';

/** Where a model is to run. */
export const TARGETS = ['cpu', 'wasm', 'webgpu'] as const;
export type Target = (typeof TARGETS)[number];

/** What parts of a layer take, in units of a multiply-add of the direct convolution. */
interface Costs {
  /** A multiply-add of the matrix products. */
  readonly product: number;
  /** One of the 36 factors of a window of a channel. */
  readonly factor: number;
  /** One of the 36 products of a tile of an output. */
  readonly tile: number;
}

/** Fitted to the layers of `npm run bench:layers`, whose figures docs/performance.md lists. */
const COSTS: Readonly<Partial<Record<Target, Costs>>> = {
  cpu: { product: 1.25, factor: 70, tile: 300 },
  wasm: { product: 1.3, factor: 20, tile: 40 },
};

/** A rewrite has to win clearly: what it costs is measured on one machine. */
const MARGIN = 0.9;

/** The time of a layer in Winograd's form, in that of its direct one; undefined where nobody has measured a target. */
export function expectedRatio(target: Target, layer: Layer): number | undefined {
  const costs = COSTS[target];
  if (costs === undefined) return;
  const { batch, channels, outputs, height, width } = layer;
  const { product, factor, tile } = costs;
  const direct = batch * height * width * channels * outputs * 9;
  const tiles = batch * tilesAlong(height) * tilesAlong(width) * PRODUCTS;
  return (tiles * (channels * outputs * product + channels * factor + outputs * tile)) / direct;
}

/** Whether Winograd's form of a layer is expected to be clearly faster. */
export const pays =
  (target: Target) =>
  (layer: Layer): boolean =>
    (expectedRatio(target, layer) ?? 1) < MARGIN;

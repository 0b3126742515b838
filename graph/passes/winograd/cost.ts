import type { Layer } from './layer.js';
import { tilesAlong } from './tiles.js';
import { PRODUCTS } from './transforms.js';
import type { FormId } from './winograd.js';

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

/**
 * Fitted to the layers of `npm run bench:layers`, and to what whole networks gain by them; nobody has measured graphics cards. The
 * forms of a target stand in the order of how fast they load.
 */
const COSTS: Readonly<Record<Target, Readonly<Partial<Record<FormId, Costs>>>>> = {
  cpu: {
    planes: { product: 1.4, filter: 12, factor: 140, tile: 170 },
    blocked: { product: 1.1, filter: 16, factor: 130, tile: 180 },
  },
  wasm: { separable: { product: 1.2, filter: 0, factor: 20, tile: 40 } },
  webgpu: {},
};

/** Matrix products take that many tiles at a time, whether they are there or not. */
const PANEL = 16;

/** Channels that kernels hold together. */
const BLOCK = 16;

/** A rewrite has to win clearly: what it costs is measured on one machine. */
const MARGIN = 0.9;

/** What a layer takes on integers at least, in the time of its direct form: natively Winograd's form never comes near. */
const INTEGERS: Readonly<Partial<Record<Target, number>>> = { wasm: 0.38 };

/** The forms that a target has for a layer, each with the time it is expected to take, in that of the direct form. */
export function expectedRatios(target: Target, layer: Layer): Map<FormId, number> {
  const isBlocked = [layer.channels, layer.outputs].every((channels) => channels % BLOCK === 0);
  const forms = Object.entries(COSTS[target]) as [FormId, Costs][];
  const fitting = forms.filter(([form]) => form !== 'blocked' || isBlocked);
  return new Map(fitting.map(([form, costs]) => [form, expectedRatio(costs, layer)]));
}

function expectedRatio({ product, filter, factor, tile }: Costs, layer: Layer): number {
  const { batch, channels, outputs, height, width } = layer;
  const direct = batch * height * width * channels * outputs * 9;
  const tiles = tilesAlong(height) * tilesAlong(width);
  const ofProducts = channels * outputs * (batch * PANEL * Math.ceil(tiles / PANEL) * product + filter);
  const ofTransforms = batch * tiles * (channels * factor + outputs * tile);
  return (PRODUCTS * (ofProducts + ofTransforms)) / direct;
}

/** The form that takes less than the limit, and clearly less than those before it: these load faster. */
function fastest(ratios: ReadonlyMap<FormId, number>, limit: number): FormId | undefined {
  let [chosen, below]: [FormId | undefined, number] = [undefined, limit];
  for (const [form, ratio] of ratios) if (ratio < below) [chosen, below] = [form, MARGIN * ratio];
  return chosen;
}

/**
 * The form of a layer that is expected to be clearly faster than the direct one.
 * @param precompute for a runtime that does not compute constants when it loads a model: it will have no blocked kernels either
 */
export const formOf =
  (target: Target, precompute = false) =>
  (layer: Layer): FormId | undefined => {
    const ratios = expectedRatios(target, layer);
    if (precompute) ratios.delete('blocked');
    return fastest(ratios, MARGIN);
  };

/** The form of a layer that is expected to be faster than integers are. */
export const formBesideIntegers =
  (target: Target) =>
  (layer: Layer): FormId | undefined =>
    fastest(expectedRatios(target, layer), INTEGERS[target] ?? 0);

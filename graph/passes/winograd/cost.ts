import { type Layer, tilesAlong } from './transforms.js';
import { ALGORITHMS, type AlgorithmId } from './winograd.js';

/** Where a model is to run. */
export const TARGETS = ['cpu', 'wasm', 'webgpu'] as const;
export type Target = (typeof TARGETS)[number];

/** What parts of a layer take, in units of a multiply-add of the direct convolution. */
interface Costs {
  /** A multiply-add of the products. */
  readonly product: number;
  /** A transformed filter's number, which is read once whatever the size of the image. */
  readonly filter: number;
  /** A factor of a window of a channel. */
  readonly factor: number;
  /** A product of a tile of an output. */
  readonly tile: number;
}

/** Fitted to the layers of `npm run bench:layers`, and to what whole networks gain by them; nobody has measured graphics cards. */
const COSTS: Readonly<Record<Target, Readonly<Partial<Record<AlgorithmId, Costs>>>>> = {
  cpu: {
    planes: { product: 1.4, filter: 4, factor: 170, tile: 130 },
    vertical: { product: 1.04, filter: 20, factor: 140, tile: 80 },
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

/** What a layer takes on integers at least, in the time of the direct algorithm: 0 where Winograd's never comes near, as natively. */
const INTEGERS: Readonly<Record<Target, number>> = { cpu: 0, wasm: 0.38, webgpu: 0 };

/** The algorithms that a target has for a layer, each with the time it is expected to take, in that of the direct one. */
export function expectedRatios(target: Target, layer: Layer): Map<AlgorithmId, number> {
  const isBlocked = [layer.channels, layer.outputs].every((channels) => channels % BLOCK === 0);
  const algorithms = Object.entries(COSTS[target]) as [AlgorithmId, Costs][];
  const fitting = algorithms.filter(([id]) => id !== 'vertical' || isBlocked);
  return new Map(fitting.map(([id, costs]) => [id, expectedRatio(id, costs, layer)]));
}

function expectedRatio(
  id: AlgorithmId,
  costs: Costs,
  { batch, channels, outputs, height, width }: Layer,
): number {
  const { tile, products, taps } = ALGORITHMS[id];
  const direct = batch * height * width * channels * outputs * 9;
  const tiles = tilesAlong(height, tile[0]) * tilesAlong(width, tile[1]);
  const places = batch * PANEL * Math.ceil(tiles / PANEL);
  const ofProducts = channels * outputs * taps * (places * costs.product + costs.filter);
  const ofTransforms = batch * tiles * (channels * costs.factor + outputs * costs.tile);
  return (products * (ofProducts + ofTransforms)) / direct;
}

/** The algorithm that takes the least, if that is less than the limit. */
function fastest(ratios: Iterable<[AlgorithmId, number]>, limit: number): AlgorithmId | undefined {
  let [chosen, least]: [AlgorithmId | undefined, number] = [undefined, limit];
  for (const [id, ratio] of ratios) if (ratio < least) [chosen, least] = [id, ratio];
  return chosen;
}

/**
 * The algorithm of a layer that is expected to be clearly faster than the direct one.
 * @param precompute for a runtime that does not compute constants when it loads a model: it will have no blocked kernels either
 */
export const algorithmOf =
  (target: Target, precompute = false) =>
  (layer: Layer): AlgorithmId | undefined => {
    const isStored = (id: AlgorithmId) => ALGORITHMS[id].storedFilters !== undefined;
    const ratios = [...expectedRatios(target, layer)].filter(([id]) => !precompute || isStored(id));
    return fastest(ratios, MARGIN);
  };

/** The algorithm of a layer that is expected to be faster than integers are. */
export const algorithmBesideIntegers =
  (target: Target) =>
  (layer: Layer): AlgorithmId | undefined =>
    fastest(expectedRatios(target, layer), INTEGERS[target]);

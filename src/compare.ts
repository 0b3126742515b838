import { BACKBONES } from '../exporters/backbones/index.js';
import { buildModel } from '../exporters/build.js';
import { SCHEME_IDS } from '../exporters/decoders/nmode.js';
import { type DecoderId, standard } from '../exporters/describe.js';
import { Weights, zeroWeights } from '../exporters/weights.js';
import { cost } from '../graph/cost.js';
import { NmodeError } from '../graph/errors.js';
import { encodedLength } from '../graph/file/write.js';
import { RELEASE_SIDE } from '../graph/recipe.js';

export interface CompareOptions {
  /** Base width of the backbones that have one; default each one's own: 64 for the U-Net, as in the release. */
  readonly width?: number;
  /** Default 256 x 256. */
  readonly size?: { readonly height: number; readonly width: number };
}

export interface Comparison {
  readonly backbone: string;
  readonly decoder: DecoderId;
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products for one image. */
  readonly macs: number;
  /** Size of the .onnx file. */
  readonly bytes: number;
}

/** Wider networks do not fit the 2 GiB of an .onnx file. */
const MAX_WIDTH = 400;

/** The original first: the others are compared with it. */
const ORDER: readonly DecoderId[] = ['original', ...SCHEME_IDS];

/**
 * What each decoder costs on each backbone, counted on the graphs that `exportModel` would write.
 * @throws NmodeError (BAD_USAGE) for a size that the levels do not divide
 */
export function compare(options: CompareOptions = {}): readonly Comparison[] {
  const { width, size = { height: RELEASE_SIDE, width: RELEASE_SIDE } } = options;
  if (width !== undefined && !(Number.isSafeInteger(width) && width > 0 && width <= MAX_WIDTH)) {
    throw new NmodeError('BAD_USAGE', `a width of ${width}, expected a whole number from 1 to ${MAX_WIDTH}`);
  }
  return BACKBONES.flatMap((backbone) => {
    const network = (width && backbone.ofWidth?.(width)) || backbone.network(new Map());
    const decoders = ORDER.filter((id) => id !== 'original' || network.own !== undefined);
    return decoders.map((decoder) => {
      const description = standard(network, decoder);
      const model = buildModel(description, Weights.from(zeroWeights), { size: { batch: 1, ...size } });
      const { parameters, macs = 0 } = cost(model);
      return { backbone: backbone.id, decoder, parameters, macs, bytes: encodedLength(model) };
    });
  });
}

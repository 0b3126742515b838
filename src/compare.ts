import { BACKBONES } from '../exporters/backbones/index.js';
import { buildModel } from '../exporters/build.js';
import type { DecoderId, Description } from '../exporters/describe.js';
import { Weights, zeroWeights } from '../exporters/weights.js';
import { cost } from '../graph/cost.js';
import { NmodeError } from '../graph/errors.js';
import { encodedLength } from '../graph/file/write.js';
import { RELEASE_SIDE } from '../graph/recipe.js';

export interface CompareOptions {
  /** Base width of the backbone; default 64, the release's. */
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

/** The release's block; one class, as for a lesion. */
const RELEASE = {
  order: 'CR_B',
  kernel: 3,
  stateChannels: 3,
  activation: 'gelu',
  lmdForm: 'release',
} as const;

/** What is compared: every decoder in the release's form. */
export const DECODERS: readonly Description['decoder'][] = [
  { id: 'original', upsampling: 'bilinear' },
  { id: 'eed', ...RELEASE },
  { id: 'hd', ...RELEASE },
  { id: 'lmd', ...RELEASE },
];

/**
 * What each decoder costs on each backbone, counted on the graphs that `exportModel` would write.
 * @throws NmodeError (BAD_USAGE) for a size that the levels do not divide
 */
export function compare(options: CompareOptions = {}): readonly Comparison[] {
  const { width = 64, size = { height: RELEASE_SIDE, width: RELEASE_SIDE } } = options;
  if (!(Number.isSafeInteger(width) && width > 0 && width <= MAX_WIDTH)) {
    throw new NmodeError('BAD_USAGE', `a width of ${width}, expected a whole number from 1 to ${MAX_WIDTH}`);
  }
  return BACKBONES.flatMap((backbone) =>
    DECODERS.map((decoder) => {
      const description = { network: backbone.ofWidth(width), classes: 1, decoder };
      const model = buildModel(description, Weights.from(zeroWeights), { size: { batch: 1, ...size } });
      const { parameters, macs = 0 } = cost(model);
      return {
        backbone: backbone.id,
        decoder: decoder.id,
        parameters,
        macs,
        bytes: encodedLength(model),
      };
    }),
  );
}

import { assemble } from '../graph/assemble.js';
import { type Dim, symbol } from '../graph/dim.js';
import { NmodeError } from '../graph/errors.js';
import type { Model } from '../graph/model.js';
import { sigmoid } from '../graph/ops/unary.js';
import { input, scope, type Value } from '../graph/value.js';
import { schemeOf, unroll } from './decoders/nmode.js';
import type { Description } from './describe.js';
import { conv2d } from './layers.js';
import { VERSION } from './version.js';
import type { Weights } from './weights.js';

/** The sizes of the input [N, C, H, W]; a size left out stays open. */
export interface InputSize {
  readonly batch?: number;
  readonly height?: number;
  readonly width?: number;
}

export interface BuildOptions {
  readonly size: InputSize;
  readonly opset?: number;
  readonly metadata?: ReadonlyMap<string, string>;
}

/** What height and width must be multiples of. */
export function sizeMultiple({ network, decoder }: Description): number {
  return decoder.id === 'original' ? 1 : network.stride;
}

function inputShape(description: Description, { batch, height, width }: InputSize): readonly Dim[] {
  const multiple = sizeMultiple(description);
  const { stride, widths } = description.network;
  if (batch !== undefined && !(Number.isSafeInteger(batch) && batch > 0)) {
    throw new NmodeError('BAD_USAGE', `a batch of ${batch}, expected a whole number from 1 on`);
  }
  for (const [name, size] of Object.entries({ height, width })) {
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= stride && size % multiple === 0)) {
      const rule = multiple === 1 ? 'at least' : 'a multiple of';
      throw new NmodeError(
        'BAD_USAGE',
        `${name} ${size} does not fit: with ${widths.length} levels it is ${rule} ${stride}`,
      );
    }
  }
  return [
    batch ?? symbol('N'),
    description.network.inputChannels,
    height ?? symbol('H', multiple),
    width ?? symbol('W', multiple),
  ];
}

/** Probabilities: 1x1 convolution `outc.conv`, then sigmoid. [N, c, H, W] -> [N, classes, H, W]. */
function head(features: Value, weights: Weights, classes: number): Value {
  const logits = conv2d(features, weights.scope('outc.conv'), classes, 1);
  return scope('outc', () => sigmoid(logits));
}

/**
 * The graph of a network: `input` float32 [N, C, H, W] -> `mask` float32 [N, classes, H, W], probabilities.
 * Problems with the weights are left to `weights.finish`.
 * @throws NmodeError (BAD_USAGE) for a size that the levels do not divide or an opset that is not written
 */
export function buildModel(description: Description, weights: Weights, options: BuildOptions): Model {
  const { network, decoder, classes } = description;
  const image = input('input', 'float32', inputShape(description, options.size));
  const skips = network.skips(image, weights);
  const features =
    decoder.id === 'original'
      ? network.decode(skips, weights, decoder.upsampling)
      : unroll([...skips].reverse(), weights, { ...decoder, scheme: schemeOf(decoder.id, decoder.lmdForm) });
  return assemble({
    name: `${network.backbone}-${decoder.id}`,
    inputs: [image],
    outputs: { mask: head(features, weights, classes) },
    producerVersion: VERSION,
    ...(options.opset !== undefined && { opset: options.opset }),
    ...(options.metadata && { metadata: options.metadata }),
  });
}

import { shapeText } from '../../../graph/ir/dim.js';
import { input } from '../../../graph/ir/value.js';
import { channelsOf } from '../../nn/layers.js';
import { keysOf, type Shapes, Weights, zeroWeights } from '../../nn/weights.js';
import type { NamedArguments } from '../backbone.js';
import { decoderArguments, depthIn, STANDARD_CHANNELS, stepsIn } from './decoder-shapes.js';
import { type Encoder, type Extent, WHOLE } from './encoders/encoder.js';
import { ENCODERS } from './encoders/index.js';

/** Large enough to be halved as often as any encoder does. */
const TRIAL_SIDE = 2 ** 8;

/** The keys and shapes of an encoder. */
export function encoderKeys({ features }: Encoder, inputChannels: number, extent: Extent): Shapes {
  const image = input('input', 'float32', [1, inputChannels, TRIAL_SIDE, TRIAL_SIDE]);
  return keysOf((weights) => {
    features(image, weights.scope('encoder'), extent);
  });
}

const channelsIn = (shapes: Shapes, { stem }: Encoder) => shapes.get(`encoder.${stem}`)?.[1];

/** The convolutions that take the deepest feature, of decoders whose keys do not tell the depth. */
const DEEPEST = ['decoder.p5.weight', 'decoder.aspp.0.convs.0.0.weight'];

/** How deep an encoder is used, by the decoder on it: one of smp, or of nmODE, which takes a step for each feature. */
function depthOf(encoder: Encoder, shapes: Shapes, inputChannels: number): number {
  const { first } = encoder;
  const steps = stepsIn(shapes);
  const depth = depthIn(shapes) ?? (steps === undefined ? undefined : steps + first - 1);
  if (depth !== undefined) return depth;
  const channels = DEEPEST.map((key) => shapes.get(key)?.[1]).find((found) => found !== undefined);
  if (channels === undefined) return WHOLE.depth;
  const image = input('input', 'float32', [1, inputChannels, TRIAL_SIDE, TRIAL_SIDE]);
  const features = encoder.features(image, Weights.from(zeroWeights), WHOLE);
  const deepest = features.findLastIndex((feature) => channelsOf(feature) === channels);
  return deepest < 0 ? WHOLE.depth : first + deepest;
}

/** How many of an encoder's keys there are; undefined where one has another shape or, up to the depth, is missing. */
function matchedIn(encoder: Encoder, shapes: Shapes): number | undefined {
  const channels = channelsIn(shapes, encoder);
  if (channels === undefined) return undefined;
  const all = [...encoderKeys(encoder, channels, WHOLE)];
  const there = all.filter(([key]) => shapes.has(key));
  if (there.some(([key, shape]) => shapeText(shapes.get(key) ?? []) !== shapeText(shape))) return undefined;
  const depth = depthOf(encoder, shapes, channels);
  const isPossible = depth >= Math.max(1, encoder.first, encoder.leastDepth ?? 1) && depth <= WHOLE.depth;
  if (!isPossible) return undefined;
  if (there.length === all.length) return there.length;
  const needed = encoderKeys(encoder, channels, { ...WHOLE, depth });
  return [...needed.keys()].every((key) => shapes.has(key)) ? there.length : undefined;
}

/** The encoders whose keys are all there, and most of them: of timm, some differ in what no key shows. */
export function encodersIn(shapes: Shapes): readonly Encoder[] {
  const found = ENCODERS.map((encoder) => ({ encoder, matched: matchedIn(encoder, shapes) ?? 0 }));
  const most = Math.max(1, ...found.map(({ matched }) => matched));
  return found.filter(({ matched }) => matched === most).map(({ encoder }) => encoder);
}

/** What shapes tell of arguments. @param encoder the one that they are those of */
export function argumentsIn(shapes: Shapes, encoder: Encoder | undefined): NamedArguments {
  const channels = encoder && channelsIn(shapes, encoder);
  if (encoder === undefined || channels === undefined) return decoderArguments(shapes);
  const depth = depthOf(encoder, shapes, channels);
  return {
    // Of a decoder that is one of nmODE.
    ...(stepsIn(shapes) !== undefined && { decoder_channels: STANDARD_CHANNELS.slice(0, depth) }),
    // So that FPN's classes are as large as the image.
    ...(shapes.has('decoder.p5.weight') && { upsampling: 2 ** Math.max(0, depth - 3) }),
    ...decoderArguments(shapes),
    ...{ encoder_name: encoder.name, encoder_depth: depth, in_channels: channels },
  };
}

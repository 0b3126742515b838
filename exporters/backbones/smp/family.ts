import { closestText } from '../../../graph/common/closest.js';
import type { Assumption } from '../../../graph/recipe/assumption.js';
import { NORMALIZATIONS, type Normalization } from '../../../graph/recipe/normalization.js';
import type { Shapes } from '../../nn/weights.js';
import { Arguments } from '../arguments/arguments.js';
import { claimedNetwork } from '../arguments/contradiction.js';
import { isFields, WAY_ON } from '../arguments/extras.js';
import {
  type Backbone,
  type Extras,
  type Library,
  type NamedArguments,
  type Network,
  networkOf,
} from '../backbone.js';
import { ARCHITECTURES, configIn } from './architectures.js';
import { stepsIn } from './decoder-shapes.js';
import type { Architecture } from './decoders/decoder.js';
import { UNET } from './decoders/unet.js';
import { type Encoder, type Extent, WHOLE } from './encoders/encoder.js';
import { ENCODERS, encoderNamed } from './encoders/index.js';
import { argumentsIn, encoderKeys, encodersIn } from './inferred.js';
import { ownDecoder } from './own-decoder.js';
import { HEAD, whyUnknown } from './unknown.js';

/** The classes' own default. */
const STANDARD_ENCODER = 'resnet34';

const idOf = ({ className }: Architecture): string => `smp.${className.toLowerCase()}`;

/** What names of encoders that differ in their sizes alone begin with. */
const KIND = /^((?:tu-(?:tf_)?|timm-)?[a-z]+).*$/;

/** How many names an error lists of those that may be meant. */
const MAX_NEAR = 3;

/** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for an encoder that is not known, or does not go with the decoder */
function encoderOf(architecture: Architecture, args: Arguments): Encoder {
  const names = ENCODERS.map(({ name }) => name);
  const kinds = new Set(names.map((name) => name.replace(KIND, '$1*')));
  const wanted = args.value('encoder_name') ?? STANDARD_ENCODER;
  const encoder = encoderNamed(String(wanted));
  const fault = (expected: string) => args.fault(['encoder_name'], expected, STANDARD_ENCODER);
  if (encoder === undefined) {
    throw fault(
      `an encoder of ${[...kinds].join(', ')} that docs/smp.md names${closestText(String(wanted), names, MAX_NEAR)}; ${WAY_ON}`,
    );
  }
  const refused = architecture.refusal?.(encoder);
  if (refused !== undefined) throw fault(`another encoder: ${refused}`);
  return encoder;
}

/** How images were prepared for an encoder's pre-trained weights. Of those of other than three channels no more is known than that they were scaled. */
function normalizationOf(encoder: Encoder, args: Arguments, channels: number): Normalization {
  const pretrained = args.value('encoder_weights');
  if (channels !== 3) return NORMALIZATIONS.unit;
  return encoder.normalization?.(pretrained) ?? NORMALIZATIONS.imagenet;
}

/** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for a depth or stride that encoder and decoder have not */
function extentOf(architecture: Architecture, encoder: Encoder, args: Arguments): Extent {
  const least = Math.max(1, encoder.first, encoder.leastDepth ?? 1, architecture.leastDepth ?? 1);
  const depth = args.whole('encoder_depth', WHOLE.depth, least, WHOLE.depth);
  const outputStride = architecture.outputStride?.(args) ?? WHOLE.outputStride;
  if (outputStride < WHOLE.outputStride && encoder.undilated !== undefined) {
    throw args.fault(
      ['encoder_name'],
      `one that dilates, as ${architecture.className} needs for its output stride of ${outputStride}: ${encoder.undilated}`,
    );
  }
  return { depth, outputStride };
}

/** What shapes tell of the arguments of a class. */
const foundIn = (
  architecture: Architecture,
  shapes: Shapes,
  encoder: Encoder | undefined = encodersIn(shapes)[0],
): NamedArguments => ({
  ...argumentsIn(shapes, encoder),
  ...((architecture.isIn(shapes) || stepsIn(shapes) !== undefined) && architecture.inferred?.(shapes)),
});

function network(
  architecture: Architecture,
  shapes: Shapes,
  extras: Extras = new Map(),
  given: NamedArguments = {},
): Network {
  const config = configIn(extras);
  const [likely, ...alike] = config ? [] : encodersIn(shapes);
  const args = new Arguments({
    given,
    ...(config ? { config } : { shapes: foundIn(architecture, shapes, likely) }),
  });
  // Another class may have the same encoder; a user may say that it is another than the file says.
  const isClassSaid = config?._model_class === architecture.className;
  const classIn = ({ said }: Arguments) =>
    isClassSaid ? ARCHITECTURES.find(({ className }) => className === said._model_class) : undefined;
  const claimed = claimedNetwork({
    args,
    shapes,
    found() {
      const actual = ARCHITECTURES.find(({ isIn }) => isIn(shapes)) ?? architecture;
      const { aux_params: labels = null, ...others } = foundIn(actual, shapes);
      // Of these, shapes tell the number of classes alone.
      const { aux_params: said } = args.said;
      const aux = isFields(said) && isFields(labels) ? { ...said, ...labels } : labels;
      return { _model_class: actual.className, ...others, aux_params: aux };
    },
    network: (own) => definedBy(classIn(own) ?? architecture, own),
  });
  const assumed = given.encoder_name === undefined ? unlike(claimed.variant?.encoder, alike) : [];
  return { ...claimed, isSaid: config !== undefined, assumed };
}

function definedBy(architecture: Architecture, args: Arguments): Network {
  const encoder = encoderOf(architecture, args);
  const channels = args.whole('in_channels', 3);
  const extent = extentOf(architecture, encoder, args);
  const beneath = { encoderName: encoder.name, first: encoder.first, extent };
  const { unused, ...own } = ownDecoder(architecture, args, beneath);
  const normalization = normalizationOf(encoder, args, channels);
  // timm's encoders drop out in training alone.
  for (const idle of ['drop_rate', 'drop_path_rate']) args.value(idle);
  args.refuseOthers(architecture.className);
  const spare = spareKeys(encoder, channels, extent);
  const unusedOfEncoder = (encoder.unused ?? []).map((key) => `encoder.${key}`);
  return networkOf({
    backbone: idOf(architecture),
    inputChannels: channels,
    features: (input, weights) => encoder.features(input, weights.scope('encoder'), extent),
    own,
    variant: { encoder: encoder.name, encoder_depth: String(extent.depth) },
    normalization,
    normalizedFor: "the encoder's pre-trained weights",
    isSpare: (key) =>
      spare.has(key) || [...unused, ...unusedOfEncoder].some((beginning) => key.startsWith(beginning)),
  });
}

/** That an encoder is none of others with its keys. */
function unlike(name: string | undefined, others: readonly Encoder[]): readonly Assumption[] {
  if (others.length === 0) return [];
  const value = `${name}, and not ${others.map((other) => other.name).join(' or ')}, whose keys are the same`;
  return [{ what: 'encoder', value, option: 'backboneArguments' }];
}

/** The keys of what a shallower network leaves of an encoder, which its checkpoints hold. */
function spareKeys(encoder: Encoder, channels: number, extent: Extent): ReadonlySet<string> {
  if (extent.depth === WHOLE.depth) return new Set();
  const needed = encoderKeys(encoder, channels, extent);
  return new Set([...encoderKeys(encoder, channels, WHOLE).keys()].filter((key) => !needed.has(key)));
}

const STEMS = [...new Set(ENCODERS.map(({ stem }) => `encoder.${stem}`))];

/** Whether keys are those of a class; an nmODE decoder on an encoder of smp stands in the place of Unet's. */
function hasKeys(architecture: Architecture, shapes: Shapes): boolean {
  if (shapes.has(HEAD)) return architecture.isIn(shapes);
  return architecture === UNET && stepsIn(shapes) !== undefined && encodersIn(shapes).length > 0;
}

/** The classes of segmentation_models.pytorch, each with any of its encoders. */
export const SMP = ARCHITECTURES.map(
  (architecture): Backbone => ({
    id: idOf(architecture),
    stems: STEMS,
    takesArguments: true,
    matches(shapes, extras) {
      const { _model_class: className } = configIn(extras) ?? {};
      return className === undefined ? hasKeys(architecture, shapes) : className === architecture.className;
    },
    network: (shapes, extras, given) => network(architecture, shapes, extras, given),
  }),
);

/** What tells keys of smp from others, where they are those of no network that is known. */
export const SMP_LIBRARY: Library = { mark: HEAD, whyUnknown };

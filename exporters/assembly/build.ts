import { cost } from '../../graph/analysis/cost.js';
import { at } from '../../graph/common/at.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import { VERSION } from '../../graph/common/version.js';
import { type Dim, symbol } from '../../graph/ir/dim.js';
import type { Model } from '../../graph/ir/model.js';
import { input, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { add, mul } from '../../graph/ops/elementwise.js';
import { isAbsolute } from '../../graph/recipe/normalization.js';
import { FOLDS_OUTPUT, type Recipe } from '../../graph/recipe/recipe.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import { commonMultiple, type Network, perAxis, type Skip } from '../backbones/backbone.js';
import { RELEASE_KEYS } from '../decoders/keys.js';
import { type NmodeDecoder, unroll } from '../decoders/nmode.js';
import { conv2d } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import type { Description } from './describe.js';
import { applyHead } from './head.js';
import { imageInput, prepare, restore } from './image-io.js';

/** The sizes of the input [N, C, H, W], or [N, C, D, H, W] of a network of volumes; a size left out stays open. */
export interface InputSize {
  readonly batch?: number;
  /** Of volumes alone. */
  readonly depth?: number;
  readonly height?: number;
  readonly width?: number;
}

export interface GraphOptions {
  readonly size: InputSize;
  readonly opset?: number;
}

export interface BuildOptions extends GraphOptions {
  /** Makes a graph that takes images, of which this is a part. */
  readonly imageRecipe?: Recipe;
  /** Bits of a sample that such a graph takes; default 16 where the recipe looks at stored values, else 8. */
  readonly imageBits?: 8 | 16;
}

/** What each axis of space must be a multiple of. */
export function sizeMultiples({ network, decoder }: Description): readonly number[] {
  return decoder.id === 'original' ? perAxis(decoder.own.multiple, network.axes) : stridesOf(network);
}

/** What all axes of space must be multiples of, where all are of one size. */
export const sizeMultiple = (description: Description): number => commonMultiple(sizeMultiples(description));

/** Axes of space, and what they are called where their size is open. */
const SPACE = [
  ['depth', 'D'],
  ['height', 'H'],
  ['width', 'W'],
] as const;

function inputShape(
  network: Network,
  multiples: readonly number[],
  { batch, ...sizes }: InputSize,
): readonly Dim[] {
  const { backbone, inputChannels, axes = 2 } = network;
  if (batch !== undefined && !(Number.isSafeInteger(batch) && batch > 0)) {
    throw badUsage(`a batch of ${batch}, expected a whole number of at least 1`);
  }
  if (axes === 2 && sizes.depth !== undefined) {
    throw badUsage(
      `a depth of ${sizes.depth}: ${backbone} takes images, ${option('size')} is their height and width`,
    );
  }
  const leasts = stridesOf(network);
  const space = SPACE.slice(-axes).map(([name, letter], axis) => {
    const [size, multiple, least] = [sizes[name], at(multiples, axis), at(leasts, axis)];
    if (size === undefined) return symbol(letter, multiple);
    if (Number.isSafeInteger(size) && size >= least && size % multiple === 0) return size;
    const kind = size > 0 ? 'a multiple' : 'a positive multiple';
    const rule = multiple === 1 ? `a whole number of at least ${least}` : `${kind} of ${least}`;
    throw badUsage(`${name} ${size} does not fit: for ${backbone} it is ${rule}`);
  });
  return [batch ?? symbol('N'), inputChannels, ...space];
}

/** The steps of an nmODE decoder on skips, shallow to deep, and its 1x1 convolution -> [N, classes, H, W]. */
export function nmodeLogits(
  skips: readonly Skip[],
  decoder: NmodeDecoder,
  classes: number,
  weights: Weights,
): Value {
  const { keys = RELEASE_KEYS } = decoder;
  const state = unroll(skips.toReversed(), weights, decoder);
  return conv2d(state, weights.scope(keys.head(skips.length)), classes, 1);
}

/** What a network gives. */
interface Given {
  /** float32 [N, classes, H, W]: probabilities, or logits where there is no head. */
  readonly mask: Value;
  /** float32 [N, folds x classes, H, W]: the logits of each fold, of a network without a head that has several. */
  readonly [FOLDS_OUTPUT]?: Value;
  /** float32 [N, labels], of a network that says something of the whole image. */
  readonly label?: Value;
}

/** The weights of a network; or of its folds, whose logits are averaged. */
type WeightsOfFolds = Weights | readonly Weights[];

/** The network of one set of weights, before its head. @param pixels float32 [N, C, H, W] */
function foldOf(pixels: Value, { network, decoder, classes }: Description, weights: Weights) {
  const skips = network.skips(pixels, weights);
  if (decoder.id !== 'original') return { skips, logits: nmodeLogits(skips, decoder, classes, weights) };
  const { own } = decoder;
  return { skips, logits: own.logits(skips, weights, pixels), label: own.label?.(skips, weights) };
}

/** @param pixels float32 [N, C, H, W] */
function givenOf(pixels: Value, description: Description, of: WeightsOfFolds): Given {
  const { head } = description;
  const each = [of].flat().map((weights) => foldOf(pixels, description, weights));
  const { label } = at(each, 0);
  const logits = each.map((fold) => fold.logits);
  return {
    mask: applyHead(head, mean(logits)),
    ...(logits.length > 1 && head === 'none' && { [FOLDS_OUTPUT]: concat(logits, 1) }),
    ...(label !== undefined && { label }),
  };
}

/** The mean of values of one shape. */
function mean(values: readonly Value[]): Value {
  const sum = values.reduce((all, value) => add(all, value));
  return values.length === 1 ? sum : mul(sum, 1 / values.length);
}

/** The network on prepared pixels: `input` float32 [N, C, H, W] -> [N, classes, H, W]. */
function tensorForm(description: Description, weights: WeightsOfFolds, size: InputSize) {
  const shape = inputShape(description.network, sizeMultiples(description), size);
  const pixels = input('input', 'float32', shape);
  return { taken: pixels, given: givenOf(pixels, description, weights) };
}

/** The network with its recipe: `image` uint8 or uint16 [1, H, W, C] -> [1, classes, H, W]. */
function imageForm(description: Description, weights: WeightsOfFolds, recipe: Recipe, bits?: 8 | 16) {
  const { network, classes } = description;
  if (network.axes === 3) {
    throw badUsage(
      `${option('io', 'image')}: ${network.backbone} takes volumes, of which a model takes tensors: leave it out`,
    );
  }
  if (recipe.sizing.kind === 'resize') inputShape(network, sizeMultiples(description), recipe.sizing);
  const image = imageInput(network.inputChannels, bits ?? (isAbsolute(recipe.normalization) ? 16 : 8));
  const given = givenOf(prepare(image, recipe, network.inputChannels), description, weights);
  return { taken: image, given: { ...given, mask: restore(given.mask, image, classes, recipe.sizing) } };
}

const stridesOf = ({ stride, strides, axes }: Network) => perAxis(strides ?? stride, axes);

const nameOf = ({ network, decoder }: Description) => `${network.backbone}-${decoder.id}`;

const modelOf = (
  name: string,
  taken: Value,
  outputs: Readonly<Record<string, Value>>,
  options: Pick<GraphOptions, 'opset'> = {},
) => assemble({ name, inputs: [taken], outputs, producerVersion: VERSION, ...options });

const skipOutputs = (skips: readonly Skip[]): Readonly<Record<string, Value>> =>
  Object.fromEntries(skips.map(({ value }, index) => [`skip${index + 1}`, value]));

/**
 * The encoder alone, with one image of a fixed size; its outputs are its skips, `skip1` the shallowest.
 * @throws NmodeError (BAD_USAGE) for a size that the levels do not divide
 */
export function buildEncoder(network: Network, weights: Weights, size: Omit<InputSize, 'batch'>): Model {
  const pixels = input('input', 'float32', inputShape(network, stridesOf(network), { batch: 1, ...size }));
  return modelOf(network.backbone, pixels, skipOutputs(network.skips(pixels, weights)));
}

/**
 * A network on prepared pixels that gives its features beside its probabilities: `mask` and `skip1`, the shallowest, to `skipN`. Problems with
 * the weights are left to `weights.finish`.
 * @throws NmodeError (BAD_USAGE) for a size that the levels do not divide
 */
export function buildWithSkips(description: Description, weights: Weights, size: InputSize): Model {
  const { network, head } = description;
  const pixels = input('input', 'float32', inputShape(network, stridesOf(network), size));
  const { skips, logits } = foldOf(pixels, description, weights);
  return modelOf(nameOf(description), pixels, { mask: applyHead(head, logits), ...skipOutputs(skips) });
}

/**
 * The graph of a network; its output is `mask` float32, probabilities, and of some `label`. Problems with the weights are left
 * to `weights.finish`.
 * @throws NmodeError (BAD_USAGE) for a size that the levels do not divide or an opset that is not written
 */
export function buildModel(description: Description, weights: WeightsOfFolds, options: BuildOptions): Model {
  const { taken, given } = options.imageRecipe
    ? imageForm(description, weights, options.imageRecipe, options.imageBits)
    : tensorForm(description, weights, options.size);
  return modelOf(nameOf(description), taken, { ...given }, pick(options, ['opset']));
}

/** The cost of a network that was built here: of its operators each is known. */
export function networkCost(model: Model, known?: Readonly<Record<string, number>>) {
  const { macs, peakBytes } = cost(model, known);
  if (macs === undefined || peakBytes === undefined) throw new TypeError('an operator has no cost');
  return { macs, peakBytes };
}

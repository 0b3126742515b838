import { at } from '../common/at.js';
import { badModel, unlessRefused } from '../common/errors.js';
import { leastCommonMultiple } from '../common/multiples.js';
import { option } from '../common/option.js';
import {
  type Dim,
  dimText,
  floorDivideDim,
  hasOtherSymbols,
  quotient,
  shapeText,
  symbol,
} from '../ir/dim.js';
import { type Model, sizesText, type ValueInfo } from '../ir/model.js';
import type { ValueType } from '../ir/value.js';
import { areChannelsLast } from '../recipe/layout.js';
import { declaredTypes, inferTypes, openName, type Types } from './infer.js';
import { prune } from './prune.js';

/** The one input [N, C, H, W] of a model; open sizes are named. */
export interface Image {
  readonly name: string;
  readonly shape: readonly [Dim, Dim, Dim, Dim];
}

/** A tensor float32 [N, channels, H / scale, W / scale] of a model that takes an image [N, C, H, W]. */
export interface Feature {
  readonly tensor: string;
  readonly channels: number;
  readonly scale: number;
}

/** What is known of a tensor. */
export interface Located {
  readonly tensor: string;
  /** Undefined where nothing is. */
  readonly type: ValueType | undefined;
  /** Where it is one. */
  readonly feature?: Feature;
}

/** Runs a model at some size; the types of its inputs and of its outputs that are float32, all in numbers. */
export type Measure = (model: Model) => Promise<Types>;

/** Divided without a rest by what strides usually multiply to. */
const EVEN_MULTIPLE = 2 ** 12 * 3 ** 2 * 5 * 7;

/** @throws NmodeError (BAD_MODEL) where there is no image, or more than one */
export function imageOf({ graph }: Model): Image {
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [image, ...others] = inputs.filter(({ type }) => type?.shape?.length === 4);
  const shape = image?.type?.shape;
  if (image === undefined || shape === undefined || others.length > 0) {
    const found = inputs.map(
      ({ name, type }) =>
        `${name} ${type?.dtype ?? 'of an unknown type'} [${type?.shape ? sizesText(type.shape, ',') : 'of any shape'}]`,
    );
    throw badModel(`it takes ${found.join(' and ') || 'nothing'}, expected one image [N, C, H, W]`);
  }
  if (areChannelsLast(shape)) {
    throw badModel(
      `it takes ${image.name} ${image.type?.dtype} [${sizesText(shape, ',')}]: its channels seem to stand last, expected [N, C, H, W]: export it with channels first (tf2onnx: --inputs-as-nchw ${image.name}; nmode export: ${option('io', 'tensor')})`,
    );
  }
  const open = (axis: number): Dim => {
    const dim = openName(image.name, at(shape, axis), axis);
    return typeof dim === 'number' ? dim : symbol(dim);
  };
  return { name: image.name, shape: [open(0), open(1), open(2), open(3)] };
}

/** The image, with open heights and widths as multiples. */
function imageAt({ name, shape: [batch, channels, height, width] }: Image, multiple: number): Image {
  const multipleOf = (dim: Dim) => (typeof dim === 'number' ? dim : symbol(dimText(dim), multiple));
  return { name, shape: [batch, channels, multipleOf(height), multipleOf(width)] };
}

/** Types for heights and widths that are multiples; what an unknown operator gives is as the model declares it. */
function typesAt(model: Model, { shape }: Image): Types {
  const open = shape.filter((dim) => typeof dim !== 'number');
  const known = Object.fromEntries(open.map((dim) => [dimText(dim), dim]));
  return inferTypes(model, known, declaredTypes(model, known));
}

/** A model that is for images of one size, as one for all sizes: only its declaration changes. */
function opened(model: Model, { name, shape: [batch, channels] }: Image): Model {
  const sizes = [batch, channels, symbol('H'), symbol('W')].map((dim) =>
    typeof dim === 'number' ? dim : dimText(dim),
  );
  const inputs = model.graph.inputs.map(
    (info): ValueInfo =>
      info.name === name && info.type ? { name, type: { dtype: info.type.dtype, shape: sizes } } : info,
  );
  return { ...model, graph: { ...model.graph, inputs } };
}

/** Whether a type says how large its tensor is beside the image: an opaque size may be any part of it. */
function isSized(type: ValueType | undefined, { shape: [, , height, width] }: Image): boolean {
  if (type === undefined) return false;
  const [, , down, across] = type.shape;
  const follows = (size: Dim | undefined, whole: Dim) => size === undefined || !hasOtherSymbols(size, whole);
  return follows(down, height) && follows(across, width);
}

function located(tensor: string, type: ValueType | undefined, { shape: whole }: Image): Located {
  const [, channels, height, width] = type?.shape ?? [];
  if (type?.dtype !== 'float32' || type.shape.length !== 4 || height === undefined || width === undefined) {
    return { tensor, type };
  }
  const [scale, across] = [quotient(whole[2], height), quotient(whole[3], width)];
  const isFeature = scale !== undefined && scale === across && typeof channels === 'number';
  return { tensor, type, ...(isFeature && { feature: { tensor, channels, scale } }) };
}

/**
 * Tells how large tensors are beside the image: by what is inferred, or else declared, or else measured.
 * @throws NmodeError (BAD_MODEL), and what `measure` throws
 */
export async function locate(
  model: Model,
  names: readonly string[],
  measure: Measure,
): Promise<readonly Located[]> {
  const image = imageAt(imageOf(model), EVEN_MULTIPLE);
  const types = typesAt(model, image);
  const open = names.filter((name) => !isSized(types.get(name), image));
  const measured: Types = open.length > 0 ? await measure(prune(model, open)) : new Map();
  const whole = measured.get(image.name)?.shape ?? image.shape;
  const run: Image = { ...image, shape: [at(whole, 0), at(whole, 1), at(whole, 2), at(whole, 3)] };
  const scaleOf = scalesWhereOpen(model, image);
  return names.map((name) => {
    const ran = measured.get(name);
    const found = ran === undefined ? located(name, types.get(name), image) : located(name, ran, run);
    const scale = scaleOf(name) ?? (isPooled(found) ? undefined : found.feature?.scale);
    return scale === found.feature?.scale ? found : { tensor: name, type: found.type };
  });
}

/** Pooling gives one pixel for the whole image, however large that is. */
const isPooled = ({ type }: Located): boolean => type?.shape.slice(2).every((size) => size === 1) === true;

/** The scales of a model's tensors beside an image; undefined for what is no feature. */
function scalesOf(model: Model, image: Image): (tensor: string) => number | undefined {
  const types = typesAt(model, image);
  return (tensor) => located(tensor, types.get(tensor), image).feature?.scale;
}

/**
 * The scales that tensors of a model for images of one size would have at other sizes: rounding makes 2 of 40 (40, 20, 10, 5, 2)
 * what looks like a scale of 20. Nothing is known of a model that has its one size inside.
 */
function scalesWhereOpen(model: Model, image: Image): (tensor: string) => number | undefined {
  const open = opened(model, image);
  return unlessRefused(
    () => scalesOf(open, imageAt(imageOf(open), EVEN_MULTIPLE)),
    () => undefined,
  );
}

/**
 * The least that heights and widths must be multiples of, so that features are the parts of them that they were located to
 * be. It is more than the scales ask for where what is before them goes further down.
 */
export function sizeMultipleOf(model: Model, features: readonly Feature[]): number {
  const least = features.reduce((multiple, { scale }) => leastCommonMultiple(multiple, scale), 1);
  const image = imageOf(model);
  const scalesAt = (multiple: number) => {
    const scaleOf = scalesOf(model, imageAt(image, multiple));
    return features.map(({ tensor }) => scaleOf(tensor));
  };
  const even = scalesAt(EVEN_MULTIPLE);
  for (let multiple = least; multiple <= EVEN_MULTIPLE; multiple *= 2) {
    if (scalesAt(multiple).every((scale, index) => scale === even[index])) return multiple;
  }
  return least;
}

/** The type of a feature where heights and widths are such multiples. */
export function featureType(model: Model, { channels, scale }: Feature, multiple: number): ValueType {
  const [batch, , height, width] = imageAt(imageOf(model), multiple).shape;
  const space = [height, width].map((dim) => floorDivideDim(dim, scale));
  return { dtype: 'float32', shape: [batch, channels, ...space] };
}

/** How a tensor is shown to people: `float32 [N, 16, H/2, W/2]`. */
export function typeText(type: ValueType | undefined): string {
  return type === undefined ? 'of a type that is not known' : `${type.dtype} ${shapeText(type.shape)}`;
}

import { at } from '../common/at.js';
import { type Attributes, floatOf, intsOf, string, stringOf } from '../ir/attribute.js';
import { type Dim, floorDivideDim, multiplyDims, shapeText, symbol } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant, numbersIn, type Value } from '../ir/value.js';
import { axesOf, listAt, openedAt } from './operands.js';

/** floor(size * scale), multiplied in float32 as runtimes do. */
function scaled(size: Dim, scale: number): Dim {
  if (typeof size === 'number') return Math.floor(Math.fround(size * scale));
  if (Number.isInteger(scale)) return multiplyDims(size, scale);
  if (Number.isInteger(1 / scale)) return floorDivideDim(size, 1 / scale);
  return symbol(`floor(${scale}*(${shapeText([size]).slice(1, -1)}))`);
}

export const Resize: OpDefinition = {
  opType: 'Resize',
  since: 10,
  attributes: {
    antialias: 'int',
    axes: 'ints',
    coordinate_transformation_mode: 'string',
    cubic_coeff_a: 'float',
    exclude_outside: 'int',
    extrapolation_value: 'float',
    keep_aspect_ratio_policy: 'string',
    mode: 'string',
    nearest_mode: 'string',
  },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    // All, or from opset 18 on those that an attribute names.
    const axes = [...axesOf(intsOf(attributes, 'axes', [...shape.keys()]), shape.length)];
    const fits = (name: string, { length }: { readonly length: number }) => {
      if (length !== axes.length) {
        throw new RangeError(`${name} has ${length} entries, x is ${shapeText(shape)}`);
      }
    };
    const resized = [...shape];
    const hasSizes = inputs[3] !== undefined && inputs[3].shape[0] !== 0;
    if (hasSizes) {
      const sizes = listAt(inputs, 3, 'sizes');
      // Of opset 18, and not followed.
      const stretches = stringOf(attributes, 'keep_aspect_ratio_policy', 'stretch') === 'stretch';
      if (sizes === undefined) return [{ dtype, shape: openedAt(shape, axes) }];
      fits('sizes', sizes);
      for (const [index, axis] of axes.entries()) resized[axis] = at(sizes, index);
      return [{ dtype, shape: stretches ? resized : openedAt(shape, axes) }];
    }
    // In opset 10 they stand where later ones have the region of interest.
    const factors = numbersIn(inputs[inputs.length === 2 ? 1 : 2]);
    if (factors === undefined) return [{ dtype, shape: openedAt(shape, axes) }];
    if (factors.length === 0) return [];
    fits('scales', factors);
    checkScales(factors);
    for (const [index, axis] of axes.entries()) resized[axis] = scaled(at(shape, axis), at(factors, index));
    return [{ dtype, shape: resized }];
  },
};

/** @throws RangeError */
function checkScales(scales: readonly number[]): void {
  if (scales.every((scale) => scale > 0 && Number.isFinite(scale))) return;
  throw new RangeError(`scales [${scales}] must be above 0 and finite`);
}

/** What Resize was until opset 9: its scales are an attribute, and an input from opset 9 on. */
export const Upsample: OpDefinition = {
  opType: 'Upsample',
  attributes: { height_scale: 'float', mode: 'string', scales: 'floats', width_scale: 'float' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const scales = inputs.length > 1 ? numbersIn(inputs[1]) : statedScales(attributes);
    if (scales === undefined) return [{ dtype, shape: openedAt(shape, shape.keys()) }];
    if (scales.length !== shape.length) {
      throw new RangeError(`${scales.length} scales for x ${shapeText(shape)}`);
    }
    checkScales(scales);
    return [{ dtype, shape: shape.map((size, axis) => scaled(size, at(scales, axis))) }];
  },
};

function statedScales(attributes: Attributes): readonly number[] {
  const attribute = attributes.get('scales');
  if (attribute?.type === 'floats') return attribute.value;
  return [1, 1, floatOf(attributes, 'height_scale', 1), floatOf(attributes, 'width_scale', 1)];
}

/** How an output pixel's place is found in the input: ONNX's names. PyTorch's `align_corners=False` is `half_pixel`. */
export type CoordinateTransformation = 'half_pixel' | 'align_corners';

/**
 * ONNX Resize, mode linear. x [N, C, ...space], one scale a spatial axis -> [N, C, ...floor(space * scale)].
 * `half_pixel` and not `pytorch_half_pixel`: the two differ where an output axis has one pixel, and there
 * PyTorch's own interpolate follows the former.
 */
export function resizeLinear(
  x: Value,
  scales: readonly number[],
  coordinates: CoordinateTransformation,
): Value {
  return apply(Resize, [x, undefined, factorsOf(scales)], linear(coordinates));
}

const factorsOf = (scales: readonly number[]) =>
  constant(float32Tensor([scales.length + 2], [1, 1, ...scales]));

/** ONNX Resize, mode nearest: every pixel is repeated. x [N, C, ...space], one whole scale a spatial axis -> [N, C, ...space * scale]. */
export function resizeNearest(x: Value, scales: readonly number[]): Value {
  return apply(Resize, [x, undefined, factorsOf(scales)], {
    coordinate_transformation_mode: string('asymmetric'),
    mode: string('nearest'),
    nearest_mode: string('floor'),
  });
}

/**
 * ONNX Resize, mode cubic, with the coefficient -0.75 that is its default and PyTorch's. x [N, C, ...space], one scale a spatial
 * axis -> [N, C, ...floor(space * scale)].
 */
export function resizeCubic(x: Value, scales: readonly number[]): Value {
  return apply(Resize, [x, undefined, factorsOf(scales)], {
    coordinate_transformation_mode: string('half_pixel'),
    mode: string('cubic'),
  });
}

/** ONNX Resize, mode linear. x [N, C, ...space], sizes int64 [rank]: all sizes of the result. */
export function resizeLinearTo(
  x: Value,
  sizes: Value,
  coordinates: CoordinateTransformation = 'half_pixel',
): Value {
  return apply(Resize, [x, undefined, undefined, sizes], linear(coordinates));
}

function linear(coordinates: CoordinateTransformation) {
  return { coordinate_transformation_mode: string(coordinates), mode: string('linear') };
}

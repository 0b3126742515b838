import { string, stringOf } from '../attribute.js';
import { type Dim, floorDivideDim, multiplyDims, shapeText, symbol } from '../dim.js';
import { apply, type OpDefinition, required } from '../op.js';
import { float32Tensor, float32Values } from '../tensor.js';
import { constant, contentOf, type Value } from '../value.js';

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
  form: 11,
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    // Forms of opset 18 that are not followed.
    if (attributes.has('axes') || stringOf(attributes, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
      return [];
    const sizes = contentOf(inputs[3]);
    if (sizes !== undefined && sizes.length === x.shape.length) return [{ dtype: x.dtype, shape: sizes }];
    const scales = inputs[2]?.constant;
    if (scales === undefined || scales.dims[0] === 0) return [];
    const factors = float32Values(scales);
    if (factors.length !== x.shape.length) {
      throw new RangeError(`scales has ${factors.length} entries, x is ${shapeText(x.shape)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => scaled(size, factors[axis] ?? 1)) }];
  },
};

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

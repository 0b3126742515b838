import { at } from '../../common/at.js';
import { badUsage } from '../../common/errors.js';
import { intOf, intsOf, stringOf } from '../../ir/attribute.js';
import { float32Values } from '../../ir/tensor.js';
import { interpolationMatrix, interpolationOf } from '../../ops/interpolation.js';
import { axisOf } from '../../ops/operands.js';
import { transposedMaps } from '../linear-map.js';
import { sizesOf, unary } from '../rule.js';

/** Linear and nearest interpolation: products with the transposed matrices of the axes that are resized. */
export const resize = unary((dy, x, { attributes, inputs, opType, y }) => {
  const [sizes, results] = [sizesOf(x, opType), sizesOf(y, opType)];
  const mode = stringOf(attributes, 'mode', 'nearest');
  const coordinates = stringOf(attributes, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = stringOf(attributes, 'nearest_mode', 'round_prefer_floor');
  const interpolation = interpolationOf(mode, coordinates, rounding);
  if (interpolation === undefined || intOf(attributes, 'antialias', 0) !== 0) {
    throw badUsage(
      `Resize (mode ${mode}, coordinates ${coordinates}) has no gradient: linear and nearest ones without antialiasing have`,
    );
  }
  const scales = inputs[2]?.constant;
  const factors = scales === undefined || scales.dims[0] === 0 ? undefined : float32Values(scales);
  const axes = intsOf(attributes, 'axes', [...sizes.keys()]).map((axis) => axisOf(axis, sizes.length));
  const maps = axes.flatMap((axis, index) => {
    const [from, to] = [at(sizes, axis), at(results, axis)];
    const scale = factors === undefined ? to / from : at(factors, index);
    if (scale === 1) return [];
    return [{ axis, from, to, matrix: interpolationMatrix(from, to, scale, interpolation) }];
  });
  return transposedMaps(dy, maps, opType);
});

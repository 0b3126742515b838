import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { differentDims, shapeText } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';

/** x [N, C, ...space], grid [N, ...out, axes of space] -> [N, C, ...out]. */
export const GridSample: OpDefinition = {
  opType: 'GridSample',
  since: 16,
  attributes: { align_corners: 'int', mode: 'string', padding_mode: 'string' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const grid = required(inputs, 1, 'grid').shape;
    const fits =
      shape.length > 2 && grid.length === shape.length && !differentDims(grid.at(-1) ?? 0, shape.length - 2);
    if (!fits || differentDims(at(shape, 0), at(grid, 0))) {
      throw new RangeError(`grid ${shapeText(grid)} does not fit x ${shapeText(shape)}`);
    }
    return [{ dtype, shape: [...shape.slice(0, 2), ...grid.slice(1, -1)] }];
  },
};

/** x [N, C, H, W], rois [R, 4] -> [R, C, height, width]. */
export const RoiAlign: OpDefinition = {
  opType: 'RoiAlign',
  since: 10,
  attributes: {
    coordinate_transformation_mode: 'string',
    mode: 'string',
    output_height: 'int',
    output_width: 'int',
    sampling_ratio: 'int',
    spatial_scale: 'float',
  },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const rois = required(inputs, 1, 'rois').shape;
    if (shape.length !== 4 || rois.length !== 2) {
      throw new RangeError(`rois ${shapeText(rois)} do not fit x ${shapeText(shape)}`);
    }
    const space = ['output_height', 'output_width'].map((name) => intOf(attributes, name, 1));
    return [{ dtype, shape: [at(rois, 0), at(shape, 1), ...space] }];
  },
};

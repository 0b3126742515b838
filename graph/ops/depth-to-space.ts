import { type Attributes, int, intOf, string } from '../ir/attribute.js';
import { floorDivideDim, multiplyDims, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, type Operands, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { checkLeast } from './window.js';

/** The image that is taken apart or put together, and the side of its blocks. */
function imageOf(inputs: Operands, attributes: Attributes) {
  const { dtype, shape } = required(inputs, 0, 'x');
  const block = intOf(attributes, 'blocksize', 0);
  checkLeast('blocksize', [block], 1);
  const [batch, channels, ...space] = shape;
  if (batch === undefined || channels === undefined || space.length !== 2) {
    throw new RangeError(`x ${shapeText(shape)} is not an image`);
  }
  return { dtype, shape, block, batch, channels, space };
}

export const DepthToSpace: OpDefinition = {
  opType: 'DepthToSpace',
  attributes: { blocksize: 'int', mode: 'string' },
  infer(inputs, attributes) {
    const { dtype, block, batch, channels, space } = imageOf(inputs, attributes);
    if (typeof channels === 'number' && channels % (block * block) !== 0) {
      throw new RangeError(`${channels} channels do not divide into blocks of ${block} by ${block}`);
    }
    const deep = floorDivideDim(channels, block * block);
    return [{ dtype, shape: [batch, deep, ...space.map((size) => multiplyDims(size, block))] }];
  },
};

/** The other way round. */
export const SpaceToDepth: OpDefinition = {
  opType: 'SpaceToDepth',
  attributes: { blocksize: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape, block, batch, channels, space } = imageOf(inputs, attributes);
    if (space.some((size) => typeof size === 'number' && size % block !== 0)) {
      throw new RangeError(`x ${shapeText(shape)} does not divide into blocks of ${block} by ${block}`);
    }
    const deep = multiplyDims(channels, block * block);
    return [{ dtype, shape: [batch, deep, ...space.map((size) => floorDivideDim(size, block))] }];
  },
};

/**
 * ONNX DepthToSpace. x [N, C b^2, H, W] -> [N, C, H b, W b]; places within a block are the last of the channels' order in CRD, as in
 * PyTorch's PixelShuffle, and the first in DCR.
 */
export const depthToSpace = (x: Value, block: number, mode: 'CRD' | 'DCR' = 'CRD'): Value =>
  apply(DepthToSpace, [x], { blocksize: int(block), mode: string(mode) });

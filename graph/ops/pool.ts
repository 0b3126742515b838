import { type Attributes, int, ints, intsOf } from '../ir/attribute.js';
import { addDims, multiplyDims, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, type Operands, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { listAt } from './operands.js';
import { slide, WINDOW_TYPES, type WindowAttributes, windowsOf } from './window.js';

/** x [N, C, ...space] taken apart, and the window that moves over its space. */
function pooledOf(inputs: Operands, attributes: Attributes) {
  const { dtype, shape } = required(inputs, 0, 'x');
  const [batch, channels, ...space] = shape;
  const kernel = intsOf(attributes, 'kernel_shape', []);
  if (batch === undefined || channels === undefined || kernel.length !== space.length) {
    throw new RangeError(`a window of [${kernel}] does not fit x ${shapeText(shape)}`);
  }
  return { dtype, batch, channels, space, kernel };
}

function pooling(opType: string): OpDefinition {
  return {
    opType,
    attributes: {
      ...WINDOW_TYPES,
      ceil_mode: 'int',
      count_include_pad: 'int',
      p: 'int',
      storage_order: 'int',
    },
    infer(inputs, attributes) {
      const { dtype, batch, channels, space, kernel } = pooledOf(inputs, attributes);
      const shape = [batch, channels, ...slide(space, kernel, attributes)];
      // Where the largest elements stand comes behind them.
      return [
        { dtype, shape },
        { dtype: 'int64', shape },
      ];
    },
  };
}

export const MaxPool = pooling('MaxPool');
export const AveragePool = pooling('AveragePool');
export const LpPool = pooling('LpPool');

/** Puts what MaxPool took back to its place; zero elsewhere. */
export const MaxUnpool: OpDefinition = {
  opType: 'MaxUnpool',
  since: 9,
  attributes: { kernel_shape: 'ints', pads: 'ints', strides: 'ints' },
  infer(inputs, attributes) {
    const { dtype, batch, channels, space, kernel } = pooledOf(inputs, attributes);
    if (inputs[2] !== undefined) {
      const stated = listAt(inputs, 2, 'output_shape');
      return stated === undefined ? [] : [{ dtype, shape: stated }];
    }
    const sizes = windowsOf(space, kernel, attributes).map(({ size, stride, extent, before, after }) =>
      addDims(multiplyDims(addDims(size, -1), stride), extent - (before + after)),
    );
    return [{ dtype, shape: [batch, channels, ...sizes] }];
  },
};

function globalPooling(opType: string, attributes: OpDefinition['attributes'] = {}): OpDefinition {
  return {
    opType,
    attributes,
    infer(inputs) {
      const { dtype, shape } = required(inputs, 0, 'x');
      if (shape.length < 3) throw new RangeError(`x ${shapeText(shape)} has no spatial axis`);
      return [{ dtype, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }];
    },
  };
}

export const GlobalAveragePool = globalPooling('GlobalAveragePool');
export const GlobalMaxPool = globalPooling('GlobalMaxPool');
export const GlobalLpPool = globalPooling('GlobalLpPool', { p: 'int' });

/** By default with a stride of the window's size and without padding. */
const windowOf = (
  kernel: readonly number[],
  { strides = kernel, pads = Array(2 * kernel.length).fill(0) }: WindowAttributes,
) => ({ kernel_shape: ints(kernel), pads: ints(pads), strides: ints(strides) });

/** ONNX MaxPool. x [N, C, ...space] -> [N, C, ...out]. */
export const maxPool = (x: Value, kernel: readonly number[], window: WindowAttributes = {}): Value =>
  apply(MaxPool, [x], windowOf(kernel, window));

/** ONNX AveragePool, as maxPool; zeros of the padding are counted, as PyTorch does by default. */
export const averagePool = (x: Value, kernel: readonly number[], window: WindowAttributes = {}): Value =>
  apply(AveragePool, [x], {
    ...windowOf(kernel, window),
    ...(window.pads?.some((pad) => pad > 0) && { count_include_pad: int(1) }),
  });

/** ONNX GlobalAveragePool. x [N, C, ...space] -> [N, C, 1, ...]: the mean over all places. */
export const globalAveragePool = (x: Value): Value => apply(GlobalAveragePool, [x]);
/** ONNX GlobalMaxPool, likewise the largest. */
export const globalMaxPool = (x: Value): Value => apply(GlobalMaxPool, [x]);

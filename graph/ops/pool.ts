import { int, ints, intsOf } from '../ir/attribute.js';
import { shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { slide, WINDOW_TYPES, type WindowAttributes } from './window.js';

function pooling(opType: string): OpDefinition {
  return {
    opType,
    since: 1,
    attributes: { ...WINDOW_TYPES, ceil_mode: 'int', count_include_pad: 'int', storage_order: 'int' },
    infer(inputs, attributes) {
      const x = required(inputs, 0, 'x');
      const [batch, channels, ...space] = x.shape;
      const kernel = intsOf(attributes, 'kernel_shape', []);
      if (batch === undefined || channels === undefined || kernel.length !== space.length) {
        throw new RangeError(`a window of [${kernel}] does not fit x ${shapeText(x.shape)}`);
      }
      return [{ dtype: x.dtype, shape: [batch, channels, ...slide(space, kernel, attributes)] }];
    },
  };
}

export const MaxPool = pooling('MaxPool');
export const AveragePool = pooling('AveragePool');

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

/** Models of one or two nodes, most of which fail for some images: what they do shows only when they run. */

import { encodeModel } from '../../graph/file/write.js';
import { ints } from '../../graph/ir/attribute.js';
import type { Node } from '../../graph/ir/model.js';
import { float32Tensor, int64Tensor } from '../../graph/ir/tensor.js';
import { handmade, node } from './graph.js';

const initializers = new Map([
  ['one', float32Tensor([], [1])],
  ['three', float32Tensor([], [3])],
  ['minus', float32Tensor([], [-9])],
  ['shape', int64Tensor([4], [1, 1, 32, 32])],
]);

/** float32 [1, 3, H, W] -> [1, 1, H, W]; nodes make 'mask' of 'grey', the mean of the channels. */
function model(nodes: readonly Node[], size: number | string = 'side'): Uint8Array {
  return encodeModel(
    handmade({
      nodes: [node('ReduceMean', ['input'], ['grey'], { axes: ints([1]) }), ...nodes],
      inputs: [{ name: 'input', type: { dtype: 'float32', shape: [1, 3, size, size] } }],
      outputs: [{ name: 'mask', type: { dtype: 'float32', shape: [1, 1, size, size] } }],
      initializers,
    }),
  );
}

export const TINY = {
  /** Probabilities of whatever image. */
  sound: () => model([node('Sigmoid', ['grey'], ['mask'])], 32),
  /** NaN where an image is black all over. */
  nan: () => model([node('ReduceMax', ['grey'], ['most']), node('Div', ['grey', 'most'], ['mask'])], 32),
  /** Infinity where a pixel is black. */
  infinite: () =>
    model([node('Div', ['one', 'grey'], ['over']), node('Max', ['grey', 'over'], ['mask'])], 32),
  /** Beyond 1 where an image is light. */
  bright: () => model([node('Mul', ['grey', 'three'], ['mask'])], 32),
  /** No probabilities, of whatever image. */
  logits: () => model([node('Add', ['grey', 'minus'], ['mask'])], 32),
  /** Open sizes, but only 32 x 32 runs. */
  small: () => model([node('Reshape', ['grey', 'shape'], ['mask'])]),
} as const;

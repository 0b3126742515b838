import { withReceptiveField } from '../../graph/analysis/reach.js';
import { encodeModel } from '../../graph/file/write.js';
import { int, ints } from '../../graph/ir/attribute.js';
import type { Node } from '../../graph/ir/model.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { handmade, node } from './graph.js';

/** Why `looking` gives other masks in tiles. */
export const WHY = "node 'n' (InstanceNormalization) looks at the whole image";

/**
 * A tiny network for images of their own size, which reads nothing beyond a pixel's neighbours, or looks at the whole image.
 * @param bytesPerPixel what its metadata tell
 */
export function nativeSize(looks: 'near' | 'whole', bytesPerPixel = 64): Uint8Array {
  const last: Node =
    looks === 'near' ? node('Relu', ['c'], ['n']) : node('InstanceNormalization', ['c', 's', 'b'], ['n']);
  const model = handmade({
    nodes: [
      node('Conv', ['x', 'w'], ['c'], { pads: ints([1, 1, 1, 1]) }),
      last,
      node('ReduceMean', ['n'], ['m'], { axes: ints([1]), keepdims: int(1) }),
      node('Sigmoid', ['m'], ['mask']),
    ],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: ['N', 3, 'H', 'W'] } }],
    outputs: [{ name: 'mask', type: { dtype: 'float32', shape: ['N', 1, 'H', 'W'] } }],
    initializers: new Map(
      Object.entries({
        w: float32Tensor(
          [2, 3, 3, 3],
          Array.from({ length: 54 }, (_, i) => Math.sin(i)),
        ),
        ...(looks === 'whole' && { s: float32Tensor([2], [1, 1]), b: float32Tensor([2], [0, 0]) }),
      }),
    ),
  });
  const recipe = { normalization: { kind: 'min-max' }, sizing: { kind: 'pad', multiple: 16 } };
  const metadata = new Map([
    ['nmode.recipe', JSON.stringify(recipe)],
    ['nmode.bytes_per_pixel', String(bytesPerPixel)],
  ]);
  return encodeModel(withReceptiveField({ ...model, metadata }));
}

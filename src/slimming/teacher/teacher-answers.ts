import { inferTypes } from '../../../graph/analysis/infer.js';
import { at } from '../../../graph/common/at.js';
import { OPEN } from '../../../graph/ir/dim.js';
import type { Model } from '../../../graph/ir/model.js';
import { cast } from '../../../graph/ops/cast.js';
import { concat } from '../../../graph/ops/concat.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { globalAveragePool } from '../../../graph/ops/pool.js';
import { extend, tensorOf } from '../../../graph/rewriting/extend.js';
import type { Teacher } from './teacher.js';

/**
 * The outputs of `withAnswers`: what masks are made of, in float32; for each channel of the features 0, or no number where half precision
 * does not hold it; and each feature map in half precision.
 */
export const ANSWER = 'nmode_answer';
export const HELD = 'nmode_held';
export const halfName = (index: number): string => `nmode_half${index + 1}`;

/**
 * A teacher that gives its features in half precision, too: onnxruntime converts a hundred times as fast as JavaScript, and half as much is
 * copied.
 * @throws NmodeError (BAD_MODEL) where a tensor has the name of one of them
 */
export function withAnswers({ withSkips, skips, classes }: Teacher): Model {
  const { outputs } = withSkips.graph;
  const types = inferTypes(withSkips);
  // Of an operator that is not known, nobody knows the type; that it gives an image has been tried.
  const converted = (name: string, channels: number, dtype: 'float32' | 'float16') =>
    cast(tensorOf(name, types.get(name) ?? { dtype: 'float32', shape: [OPEN, channels, OPEN, OPEN] }), dtype);
  const halves = skips.map(({ tensor, channels }) => converted(tensor, channels, 'float16'));
  // Infinity times 0 is no number, and neither is a mean with that in it.
  const held = halves.map((half) => globalAveragePool(mul(cast(half, 'float32'), 0)));
  const { graph, ...model } = extend(withSkips, {
    [ANSWER]: converted(at(outputs, 0).name, classes, 'float32'),
    [HELD]: concat(held, 1),
    ...Object.fromEntries(halves.map((half, index) => [halfName(index), half])),
  });
  return { ...model, graph: { ...graph, outputs: [...outputs, ...graph.outputs] } };
}

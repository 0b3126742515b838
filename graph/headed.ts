import { NmodeError } from './errors.js';
import { extend, tensorOf } from './extend.js';
import { fromDeclared, inferTypes } from './infer.js';
import { type Model, opsetOf } from './model.js';
import { sigmoid, softmax } from './ops/unary.js';
import { HEAD_KEY } from './recipe.js';

/** Until opset 12, Softmax took what follows its axis as one. */
const SOFTMAX_OPSET = 13;

/**
 * A model whose first output, logits [N, classes, H, W], goes on into a head; its other outputs stay. The result is called
 * `mask`, since what was called like the logits would no longer be what it was.
 * @throws NmodeError (BAD_MODEL) for an output that is no float32 [N, classes, H, W], or a softmax before opset 13
 */
export function headed(model: Model, head: 'sigmoid' | 'softmax'): Model {
  const [output, ...others] = model.graph.outputs;
  const name = output?.name ?? '';
  const type = inferTypes(model).get(name) ?? fromDeclared(name, output?.type);
  if (type?.dtype !== 'float32' || type.shape.length !== 4) {
    throw new NmodeError(
      'BAD_MODEL',
      `its output '${name}' is no float32 [N, classes, H, W]: it takes no --head`,
    );
  }
  const opset = opsetOf(model);
  if (head === 'softmax' && opset < SOFTMAX_OPSET) {
    throw new NmodeError(
      'BAD_MODEL',
      `opset ${opset}, and a Softmax over channels needs ${SOFTMAX_OPSET}: give --head softmax where images are segmented instead`,
    );
  }
  const logits = tensorOf(name, type);
  const extended = extend(model, { mask: head === 'sigmoid' ? sigmoid(logits) : softmax(logits, 1) });
  return {
    ...extended,
    metadata: new Map([...model.metadata, [HEAD_KEY, head]]),
    graph: { ...extended.graph, outputs: [...extended.graph.outputs, ...others] },
  };
}

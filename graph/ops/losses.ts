import { stringOf } from '../ir/attribute.js';
import { type OpDefinition, required } from '../ir/op.js';

/** scores [N, C, ...], labels [N, ...] -> one loss a label, or one of all; then the logarithms of the probabilities. */
function loss(opType: string, since: number): OpDefinition {
  return {
    opType,
    since,
    attributes: { ignore_index: 'int', reduction: 'string' },
    infer(inputs, attributes) {
      const scores = required(inputs, 0, 'scores');
      const { shape } = required(inputs, 1, 'labels');
      const isReduced = stringOf(attributes, 'reduction', 'mean') !== 'none';
      const { dtype } = scores;
      return [
        { dtype, shape: isReduced ? [] : shape },
        { dtype, shape: scores.shape },
      ];
    },
  };
}

export const NegativeLogLikelihoodLoss = loss('NegativeLogLikelihoodLoss', 12);
export const SoftmaxCrossEntropyLoss = loss('SoftmaxCrossEntropyLoss', 12);

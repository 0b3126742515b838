import { badUsage } from '../common/errors.js';
import { batchStatistics } from '../gradients/batch-statistics.js';
import { axesButChannels, countAlong, identityOf } from '../gradients/rule.js';
import { topological } from '../gradients/topological.js';
import { type Operation, scope, type Value } from '../ir/value.js';
import { add, mul } from '../ops/elementwise.js';
import { BatchNormalization } from '../ops/normalization.js';

/** Inputs of BatchNormalization by their positions. */
export const [SCALE, BIAS, MEAN, VARIANCE] = [1, 2, 3, 4] as const;

/** What takes the place of a network's weights in a graph that trains it. */
export interface Replacements {
  /** The value that a named weight has in this step; undefined for one that stays a constant. */
  weight(name: string): Value | undefined;
  /** Whether a BatchNormalization takes the statistics of its batch. */
  isOnBatch(operation: Operation): boolean;
  /** How much of the batch's statistics a running one takes. */
  readonly momentum: number;
}

/** The name of a weight; undefined for any other value. */
export const weightName = ({ source }: Value): string | undefined =>
  source.kind === 'constant' ? source.name : undefined;

/**
 * A network as it is trained: weights are values of the graph, and BatchNormalization takes the statistics of its batch and moves the running
 * ones towards them, as torch.nn.BatchNorm does: the variance with n - 1. One that is applied several times does so each time.
 * @param output of the network as it is at inference
 * @returns its output, and the running statistics behind the step by the names of their weights
 */
export function trainingForm(output: Value, replacements: Replacements) {
  const rebuilt = new Map<unknown, Value>();
  const running = new Map<string, Value>();
  const now = (value: Value): Value => {
    const name = weightName(value);
    return (name === undefined ? rebuilt.get(identityOf(value)) : replacements.weight(name)) ?? value;
  };
  const track = (weight: Value | undefined, found: Value) => {
    const name = weight && weightName(weight);
    if (weight === undefined || name === undefined) return;
    const before = running.get(name) ?? now(weight);
    running.set(name, add(mul(before, 1 - replacements.momentum), mul(found, replacements.momentum)));
  };
  const onBatch = (operation: Operation, x: Value): readonly (Value | undefined)[] => {
    const { mean, variance } = batchStatistics(x);
    const count = countAlong(x, axesButChannels(x), operation.opType);
    if (count < 2) {
      throw badUsage(
        `${operation.scope || operation.opType}: a batch with one number per channel has no variance: use more or larger images`,
      );
    }
    track(operation.inputs[MEAN], mean);
    track(operation.inputs[VARIANCE], mul(variance, count / (count - 1)));
    return [mean, variance];
  };
  for (const value of topological([output])) {
    if (value.source.kind !== 'operation') continue;
    const { operation } = value.source;
    const inputs = operation.inputs.map((input) => input && now(input));
    const isOnBatch = operation.opType === BatchNormalization.opType && replacements.isOnBatch(operation);
    const [x] = inputs;
    const taken =
      isOnBatch && x !== undefined
        ? [...inputs.slice(0, MEAN), ...scope(operation.scope, () => onBatch(operation, x))]
        : inputs;
    if (taken.every((input, index) => input === operation.inputs[index])) continue;
    rebuilt.set(operation, {
      ...value,
      source: { kind: 'operation', operation: { ...operation, inputs: taken } },
    });
  }
  return { output: now(output), running };
}

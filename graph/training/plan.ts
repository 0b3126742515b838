import { badUsage } from '../common/errors.js';
import { topological } from '../gradients/topological.js';
import type { Tensor } from '../ir/tensor.js';
import type { Operation, Value } from '../ir/value.js';
import { BatchNormalization } from '../ops/batch-normalization.js';
import { InstanceNormalization } from '../ops/instance-normalization.js';
import { isAbsorbed } from './absorbed.js';
import { Packing } from './packing.js';
import { BIAS, MEAN, SCALE, VARIANCE, weightName } from './training-form.js';

/** What of a network a training changes. */
export interface TrainingPlan {
  /** All weights of the network by their names, running statistics included. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly parameters: Packing;
  /** Running statistics of the BatchNorms whose weights are trained. */
  readonly running: Packing;
  readonly absorbed: readonly string[];
  isOnBatch(operation: Operation): boolean;
}

/** @throws NmodeError (BAD_USAGE) where nothing is trained */
export function planOf(
  logits: Value,
  isTrained: (name: string) => boolean,
  statistics: 'batch' | 'running',
): TrainingPlan {
  const weights = new Map<string, Tensor>();
  const [trainable, tracked] = [new Map<string, Value>(), new Map<string, Operation>()];
  for (const { source } of topological([logits])) {
    if (source.kind !== 'operation') continue;
    const { operation } = source;
    const isNorm = operation.opType === BatchNormalization.opType;
    for (const [index, value] of operation.inputs.entries()) {
      if (value?.source.kind !== 'constant' || value.source.name === undefined) continue;
      const { name, tensor } = value.source;
      if (tensor.dtype !== 'float32') continue;
      weights.set(name, tensor);
      if (isNorm && (index === MEAN || index === VARIANCE)) tracked.set(name, operation);
      else trainable.set(name, value);
    }
  }
  const chosen = [...trainable].filter(([name]) => isTrained(name));
  const names = new Set(chosen.map(([name]) => name));
  const isOwn = ({ opType, inputs }: Operation) =>
    opType === BatchNormalization.opType &&
    [inputs[SCALE], inputs[BIAS]].some((value) => names.has((value && weightName(value)) ?? ''));
  const isOnBatch = (operation: Operation) => statistics === 'batch' && isOwn(operation);
  // Also for a step with running statistics: the state is the same for both.
  const isCentred = (operation: Operation) =>
    operation.opType === InstanceNormalization.opType || isOwn(operation);
  const absorbed = chosen.flatMap(([name, value]) => (isAbsorbed(value, logits, isCentred) ? [name] : []));
  const trained = chosen.filter(([name]) => !absorbed.includes(name));
  if (trained.length === 0) {
    throw badUsage(
      `none of the ${trainable.size} weights of the network is trained: isTrained chooses them by their names`,
    );
  }
  const running = [...tracked].flatMap(([name, operation]) => (isOwn(operation) ? [name] : []));
  const packed = (some: readonly string[]) =>
    new Packing(new Map([...weights].filter(([name]) => some.includes(name))));
  return {
    weights,
    parameters: packed(trained.map(([name]) => name)),
    running: packed(running),
    absorbed,
    isOnBatch,
  };
}

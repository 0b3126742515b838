import { badUsage } from '../common/errors.js';
import { identityOf, isSame } from '../gradients/rule.js';
import { topological } from '../gradients/topological.js';
import { intOf } from '../ir/attribute.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import type { Operation, Value } from '../ir/value.js';
import { BatchNormalization, InstanceNormalization } from '../ops/normalization.js';
import { axisOf } from '../ops/operands.js';
import { Packing } from './packing.js';
import { BIAS, MEAN, SCALE, VARIANCE, weightName } from './training-form.js';

/**
 * What of a network a training changes.
 * @throws NmodeError (BAD_USAGE) where nothing is trained
 */
export function planOf(logits: Value, isTrained: (name: string) => boolean, statistics: 'batch' | 'running') {
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
    /** All weights of the network by their names, running statistics included. */
    weights,
    parameters: packed(trained.map(([name]) => name)),
    /** Running statistics of the BatchNorms whose weights are trained. */
    running: packed(running),
    absorbed,
    isOnBatch,
  };
}

/** Positions of a bias, by operator. */
const BIAS_INPUT: Readonly<Record<string, number>> = { Conv: 2, ConvTranspose: 2 };

/** What leaves a shift of a channel a shift of that channel. */
const KEEPS: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Resize',
  'MaxPool',
  'GlobalAveragePool',
  'Dropout',
]);

/**
 * Whether a weight has no influence on what a network computes in training: it is a bias that only shifts channels which a normalisation
 * centres again. Its gradient is zero but for rounding, which AdamW would scale up to full steps.
 * @param output of the network as it is at inference
 * @param isCentred whether an operation normalises by the statistics of what it is given
 */
function isAbsorbed(weight: Value, output: Value, isCentred: (operation: Operation) => boolean): boolean {
  const shifted = new Set<unknown>();
  const isShifted = (value: Value | undefined) => value !== undefined && shifted.has(identityOf(value));
  for (const { source } of topological([output])) {
    if (source.kind !== 'operation') continue;
    const { operation } = source;
    const reads = operation.inputs.flatMap((input, index) => (input && isSame(input, weight) ? [index] : []));
    const isBias = reads.length === 1 && reads[0] === BIAS_INPUT[operation.opType];
    const places = operation.inputs.flatMap((input, index) => (isShifted(input) ? [index] : []));
    if (reads.length > 0 && !isBias) return false;
    if (places.length === 0 && !isBias) continue;
    if (places.length === 1 && places[0] === 0 && isCentred(operation)) continue;
    if (!isBias && !passesOn(operation, places)) return false;
    if (isBias && places.length > 0) return false;
    shifted.add(operation);
  }
  return !isShifted(output);
}

/** Whether an operator that is given shifted channels shifts its own, by numbers that no place or image changes. */
function passesOn({ opType, inputs, attributes }: Operation, places: readonly number[]): boolean {
  const rank = inputs.find((_, index) => places.includes(index))?.shape.length ?? Number.NaN;
  const isScalar = (value: Value | undefined) =>
    value?.constant !== undefined && elementCount(value.constant.dims) === 1;
  switch (opType) {
    case 'Add':
    case 'Sub':
      return inputs.every((input) => input !== undefined && input.shape.length <= rank);
    case 'Mul':
      return inputs.some(isScalar);
    case 'Div':
      return isScalar(inputs[1]);
    case 'Concat':
      return axisOf(intOf(attributes, 'axis', 0), rank) === 1;
    default:
      return KEEPS.has(opType) && places.length === 1 && places[0] === 0;
  }
}

import { identityOf, isSame } from '../gradients/rule.js';
import { topological } from '../gradients/topological.js';
import { intOf } from '../ir/attribute.js';
import { elementCount } from '../ir/tensor.js';
import type { Operation, Value } from '../ir/value.js';
import { axisOf } from '../ops/operands.js';

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
export function isAbsorbed(
  weight: Value,
  output: Value,
  isCentred: (operation: Operation) => boolean,
): boolean {
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

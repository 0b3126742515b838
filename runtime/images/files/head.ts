/**
 * What turns logits into probabilities, in place.
 * @param logits [1, classes, height, width]
 */
export function applyHead(head: 'sigmoid' | 'softmax', logits: Float32Array, classes: number): Float32Array {
  if (head === 'sigmoid') {
    for (let i = 0; i < logits.length; i++) logits[i] = 1 / (1 + Math.exp(-(logits[i] ?? Number.NaN)));
    return logits;
  }
  const size = logits.length / classes;
  for (let pixel = 0; pixel < size; pixel++) softmaxAt(logits, pixel, size);
  return logits;
}

/** Softmax over every `stride`-th value from `start` on; the largest is taken away first, so that none overflows. */
function softmaxAt(values: Float32Array, start: number, stride: number): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = start; at < values.length; at += stride)
    largest = Math.max(largest, values[at] ?? Number.NaN);
  let sum = 0;
  for (let at = start; at < values.length; at += stride)
    sum += Math.exp((values[at] ?? Number.NaN) - largest);
  for (let at = start; at < values.length; at += stride) {
    values[at] = Math.exp((values[at] ?? Number.NaN) - largest) / sum;
  }
}

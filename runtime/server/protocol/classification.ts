/** Triton's classification extension: of scores of classes the best, as texts. */
import { badUsage } from '../../../graph/common/errors.js';
import type { Floats } from '../../sessions/tensors.js';

/** Scores that are sorted while others wait. */
const MAX_CLASSES = 2 ** 16;

/**
 * @param count how many of each row
 * @param names of the classes, where they are known
 * @returns the best of each row: `score:index`, or `score:index:name`
 * @throws NmodeError (BAD_USAGE) for what is not one score a class: a score of each pixel makes no sense as a list
 */
export function classify(output: string, { dims, data }: Floats, count: number, names?: readonly string[]) {
  const [rows = 1, classes = 0, ...others] = dims;
  if (dims.length < 2 || others.some((size) => size !== 1) || classes > MAX_CLASSES) {
    throw badUsage(
      `output '${output}' [${dims}] cannot be classified, expected a score for each class, as [1, 10]: ask for it without 'classification'`,
    );
  }
  const best = Math.min(count, classes);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const order = Array.from(scores.keys()).sort((a, b) => compare(scores[b], scores[a]) || a - b);
    for (const index of order.slice(0, best)) {
      const name = names?.length === classes ? `:${names[index]}` : '';
      texts.push(`${scores[index]?.toFixed(6)}:${index}${name}`);
    }
  }
  return { dims: [rows, best], texts };
}

/** What is not a number comes last. */
const compare = (a = Number.NaN, b = Number.NaN) =>
  a === b ? 0 : Number(Number.isNaN(b)) - Number(Number.isNaN(a)) || a - b;

/** Texts as tensors of BYTES have them: each behind its length in four bytes, the lowest first. */
export function bytesOfTexts(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
}

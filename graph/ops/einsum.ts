import { at } from '../common/at.js';
import { stringOf } from '../ir/attribute.js';
import { type Dim, differentDims, dimText, shapeText } from '../ir/dim.js';
import { type OpDefinition, type Operands, required } from '../ir/op.js';
import { product } from './conv.js';
import { broadcast } from './elementwise.js';

/** The sizes of an equation's labels, and of what its ellipses stand for. */
interface Sizes {
  readonly labels: ReadonlyMap<string, Dim>;
  readonly ellipsis: readonly Dim[];
  /** What the result is made of: labels, and `...` for the ellipsis. */
  readonly result: readonly string[];
}

const ELLIPSIS = '...';

/** The labels of one term. @throws RangeError for what is none */
function termOf(term: string): readonly string[] {
  if (!/^[A-Za-z]*(\.{3})?[A-Za-z]*$/.test(term))
    throw new RangeError(`'${term}' is not a term of an equation`);
  return term.match(/\.{3}|[A-Za-z]/g) ?? [];
}

function sizesOf(inputs: Operands, equation: string): Sizes {
  const [left = '', right, ...more] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',').map(termOf);
  if (more.length > 0 || terms.length !== inputs.length) {
    throw new RangeError(`equation '${equation}' is not one of ${inputs.length} operands`);
  }
  const labels = new Map<string, Dim>();
  let ellipsis: readonly Dim[] = [];
  for (const [index, term] of terms.entries()) {
    const { shape } = required(inputs, index, 'operand');
    const rest = shape.length - term.filter((label) => label !== ELLIPSIS).length;
    const open = term.includes(ELLIPSIS);
    if (rest < 0 || (rest > 0 && !open)) {
      throw new RangeError(
        `operand ${index} is ${shapeText(shape)}, equation '${equation}' takes another rank`,
      );
    }
    let axis = 0;
    for (const label of term) {
      if (label === ELLIPSIS) {
        ellipsis = broadcast(ellipsis, shape.slice(axis, axis + rest));
        axis += rest;
        continue;
      }
      const [size, known] = [at(shape, axis++), labels.get(label)];
      if (known !== undefined && known !== 1 && size !== 1 && differentDims(known, size)) {
        throw new RangeError(`'${label}' is ${dimText(known)} and ${dimText(size)}`);
      }
      if (known === undefined || known === 1) labels.set(label, size);
    }
  }
  return { labels, ellipsis, result: right === undefined ? implicit(terms) : termOf(right) };
}

/** Without an arrow: what is batched, then the labels that stand once, in the order of the alphabet. */
function implicit(terms: readonly (readonly string[])[]): readonly string[] {
  const all = terms.flat();
  const once = all.filter((label) => label !== ELLIPSIS && all.indexOf(label) === all.lastIndexOf(label));
  return [...(all.includes(ELLIPSIS) ? [ELLIPSIS] : []), ...once.sort()];
}

export const Einsum: OpDefinition = {
  opType: 'Einsum',
  since: 12,
  parameters: [0, 1],
  attributes: { equation: 'string' },
  infer(inputs, attributes) {
    const { dtype } = required(inputs, 0, 'operand');
    const { labels, ellipsis, result } = sizesOf(inputs, stringOf(attributes, 'equation', ''));
    const shape = result.flatMap((label) => {
      const size = labels.get(label);
      if (size === undefined && label !== ELLIPSIS) throw new RangeError(`'${label}' is in no operand`);
      return size === undefined ? ellipsis : [size];
    });
    return [{ dtype, shape }];
  },
  /** Of several operands, as if all were multiplied at once. */
  macs(inputs, _, attributes) {
    if (inputs.length < 2) return 0;
    const { labels, ellipsis } = sizesOf(inputs, stringOf(attributes, 'equation', ''));
    return product([...labels.values(), ...ellipsis]);
  },
};

import { at } from '../common/at.js';
import { greatestCommonDivisor } from '../common/multiples.js';

/**
 * Sizes, known or not. An unknown size is a linear form over atoms with whole coefficients, so that arithmetic on
 * shapes is exact: H - 2 floor(H/2) + 2 floor(H/2) is H again, and a height declared as a multiple of 16 halves four
 * times without rounding.
 */
export type Dim = number | SymbolicDim;

export interface SymbolicDim {
  readonly terms: readonly Term[];
  readonly offset: number;
}

/** `coefficient` times the atom `name / divisor`; the atom is a whole number. */
export interface Term {
  readonly name: string;
  readonly divisor: number;
  readonly coefficient: number;
}

/** A size that only a run tells, until whoever infers types gives it a name of its own. */
export const OPEN: Dim = { terms: [{ name: '?', divisor: 1, coefficient: 1 }], offset: 0 };

/** Names of sizes that are longer than this, and sums of more terms, are abbreviated: a file may nest them at will. */
const MAX_NAME = 200;
const MAX_TERMS = 16;

/** A named size, known to be a multiple of `multipleOf`. */
export function symbol(name: string, multipleOf = 1): Dim {
  const short = name.length <= MAX_NAME ? name : `size ${hash(name)}`;
  return { terms: [{ name: short, divisor: multipleOf, coefficient: multipleOf }], offset: 0 };
}

/** 64 bits of FNV-1a. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return value.toString(16);
}

/** A size that is not counted exactly. */
class SizeOverflow extends RangeError {
  constructor() {
    super('a size is beyond 2^53');
  }
}

/** Arithmetic on whole numbers that need not be sizes; undefined where a result is not counted exactly. */
export function exactly<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof SizeOverflow) return undefined;
    throw error;
  }
}

function normal(terms: readonly Term[], offset: number): Dim {
  const kept = terms.filter((term) => term.coefficient !== 0);
  if (![offset, ...kept.map((term) => term.coefficient)].every(Number.isSafeInteger)) {
    throw new SizeOverflow();
  }
  if (kept.length > MAX_TERMS) return symbol(dimText({ terms: kept, offset }));
  return kept.length === 0 ? offset : { terms: kept, offset };
}

/** A size as a sum of terms. */
function sumOf(dim: Dim): SymbolicDim {
  return typeof dim === 'number' ? { terms: [], offset: dim } : dim;
}

export function addDims(left: Dim, right: Dim): Dim {
  if (typeof left === 'number' && typeof right === 'number') return normal([], left + right);
  const [a, b] = [sumOf(left), sumOf(right)];
  const terms = [...a.terms];
  for (const term of b.terms) {
    const index = terms.findIndex(({ name, divisor }) => name === term.name && divisor === term.divisor);
    const same = terms[index];
    if (same === undefined) terms.push(term);
    else terms[index] = { ...same, coefficient: same.coefficient + term.coefficient };
  }
  terms.sort((x, y) => (x.name < y.name ? -1 : x.name > y.name ? 1 : x.divisor - y.divisor));
  return normal(terms, a.offset + b.offset);
}

function scaleDim(dim: Dim, factor: number): Dim {
  const { terms, offset } = sumOf(dim);
  return normal(
    terms.map((term) => ({ ...term, coefficient: term.coefficient * factor })),
    offset * factor,
  );
}

export function subtractDims(left: Dim, right: Dim): Dim {
  return addDims(left, scaleDim(right, -1));
}

export function multiplyDims(left: Dim, right: Dim): Dim {
  if (typeof left === 'number') return scaleDim(right, left);
  if (typeof right === 'number') return scaleDim(left, right);
  return symbol(`(${dimText(left)})*(${dimText(right)})`);
}

/** floor(dim / divisor), for a positive whole divisor. */
export function floorDivideDim(dim: Dim, divisor: number): Dim {
  const { terms, offset } = sumOf(dim);
  if (terms.every((term) => term.coefficient % divisor === 0)) {
    return normal(
      terms.map((term) => ({ ...term, coefficient: term.coefficient / divisor })),
      Math.floor(offset / divisor),
    );
  }
  return symbol(`floor((${dimText(dim)})/${divisor})`);
}

/** The sizes as numbers; undefined where one is open. */
export function numbers(shape: readonly Dim[]): readonly number[] | undefined {
  const sizes = shape.filter((dim) => typeof dim === 'number');
  return sizes.length === shape.length ? sizes : undefined;
}

export function sameDim(left: Dim, right: Dim): boolean {
  return left === right || subtractDims(left, right) === 0;
}

/** How often `part` goes into `whole`, whatever the symbols are; undefined where that is not the same whole number for all. */
export function quotient(whole: Dim, part: Dim): number | undefined {
  const leading = (dim: Dim) => sumOf(dim).terms[0]?.coefficient ?? sumOf(dim).offset;
  const times = leading(whole) / leading(part);
  return Number.isSafeInteger(times) && times > 0 && sameDim(multiplyDims(part, times), whole)
    ? times
    : undefined;
}

/** Whether a size depends on symbols that another one does not have. */
export function hasOtherSymbols(dim: Dim, other: Dim): boolean {
  const names = new Set(sumOf(other).terms.map(({ name }) => name));
  return sumOf(dim).terms.some(({ name }) => !names.has(name));
}

/** True only where no value of the symbols makes the two equal (as far as a constant difference shows). */
export function differentDims(left: Dim, right: Dim): boolean {
  const difference = subtractDims(left, right);
  return typeof difference === 'number' && difference !== 0;
}

/** Whether a number, or what symbols stand for, is a size whatever the symbols are: not below 0. */
export function isSize(dim: Dim): boolean {
  const { terms, offset } = sumOf(dim);
  return offset >= 0 && terms.every(({ coefficient }) => coefficient > 0);
}

/** Whether two shapes may be the same one: as many axes, of which none differ whatever the symbols are. */
export function mayEqual(left: readonly Dim[], right: readonly Dim[]): boolean {
  return left.length === right.length && left.every((dim, axis) => !differentDims(dim, at(right, axis)));
}

function termText({ name, divisor, coefficient }: Term): string {
  const common = greatestCommonDivisor(Math.abs(coefficient), divisor);
  const [times, over] = [coefficient / common, divisor / common];
  return `${times === 1 ? '' : times === -1 ? '-' : `${times}*`}${name}${over === 1 ? '' : `/${over}`}`;
}

/** How a dimension is written in an ONNX file (`dim_param`) and shown to people. */
export function dimText(dim: Dim): string {
  const { terms, offset } = sumOf(dim);
  const summands = [...terms.map(termText), ...(offset !== 0 || terms.length === 0 ? [String(offset)] : [])];
  return summands.join('+').replaceAll('+-', '-');
}

export function shapeText(shape: readonly Dim[]): string {
  return `[${shape.map(dimText).join(', ')}]`;
}

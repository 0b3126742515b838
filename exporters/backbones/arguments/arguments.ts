import { closestText } from '../../../graph/common/closest.js';
import { type ErrorCode, NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import type { NamedArguments } from '../backbone.js';

/** Who says an argument. */
interface Source {
  readonly what: string;
  readonly code: ErrorCode;
  readonly values: NamedArguments;
}

/** Where arguments come from: what is given goes before what a file says, and that before what shapes tell. */
export interface Sources {
  readonly given?: NamedArguments;
  readonly config?: NamedArguments;
  /** What messages call it; default config.json. */
  readonly file?: string;
  readonly shapes?: NamedArguments;
}

const SHAPES = 'the shapes';

/** No network has more channels, nor more of anything else. */
export const MOST = 2 ** 16;

/** No list has more elements: none says more than one thing of each level. */
const MOST_ELEMENTS = 64;

/** Characters of a value in a message. */
const MAX_TEXT = 80;

/** A value as messages show it. */
export function textOf(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
}

/** Why a value of a bundle of MONAI's is still an expression or a reference; undefined for any other value. */
function whyOpen(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^[$@%]/.test(value)) return undefined;
  return value.startsWith('$') ? 'Python is not run' : 'it refers to nothing that is known';
}

/** The arguments that a network's class was called with. Each is asked for by its name; what nobody says has the class's default. */
export class Arguments {
  readonly #sources: readonly [given: Source, config: Source, shapes: Source];
  readonly #asked = new Set<string>();

  constructor({ given = {}, config = {}, file = 'config.json', shapes = {} }: Sources) {
    this.#sources = [
      { what: option('backboneArguments'), code: 'BAD_USAGE', values: given },
      { what: file, code: 'BAD_CHECKPOINT', values: config },
      { what: SHAPES, code: 'BAD_CHECKPOINT', values: shapes },
    ];
  }

  /** All that is said, and not told by shapes alone. */
  get said(): NamedArguments {
    const [given, config] = this.#sources;
    return { ...config.values, ...given.values };
  }

  /** The same but for what is said, of all of which the file is the source. */
  saying(config: NamedArguments): Arguments {
    const [, { what }, { values }] = this.#sources;
    return new Arguments({ config, file: what, shapes: values });
  }

  /** What is said of an argument; undefined for nothing. */
  value(...names: readonly string[]): unknown {
    return this.#find(names)?.value;
  }

  /** Whether anything is said of an argument: null too, which is no layer. */
  has(name: string): boolean {
    return this.#sources.some(({ values }) => Object.hasOwn(values, name) && values[name] !== undefined);
  }

  #find(names: readonly string[]) {
    for (const name of names) this.#asked.add(name);
    for (const { values, ...source } of this.#sources) {
      const name = names.find((known) => Object.hasOwn(values, known) && values[known] !== undefined);
      if (name !== undefined) return { ...source, name, value: values[name] };
    }
    return undefined;
  }

  /** The error for an argument that is not as expected. @param otherwise what it is where nobody says it */
  fault(names: readonly string[], expected: string, otherwise?: unknown): NmodeError {
    const { code, text } = this.claim(names, otherwise);
    const why = whyOpen(this.value(...names));
    const way = why === undefined ? '' : `; ${why}: give it with ${option('backboneArguments')}`;
    return new NmodeError(code, `${text}, expected ${expected}${way}`);
  }

  /** Who says what of an argument, for a message: `config.json: in_channels is 1`. @param otherwise what it is where nobody says it */
  claim(names: readonly string[], otherwise?: unknown): { readonly code: ErrorCode; readonly text: string } {
    const found = this.#find(names);
    if (found !== undefined) {
      const { code, what, name, value } = found;
      return { code, text: `${what}: ${name} is ${textOf(value)}` };
    }
    const [given, config] = this.#sources;
    const { code, what } = Object.keys(config.values).length > 0 ? config : given;
    const so = otherwise === undefined ? '' : ` and so ${textOf(otherwise)}`;
    return { code, text: `${what}: ${names[0]} is left out${so}` };
  }

  /** @throws NmodeError (BAD_CHECKPOINT) for one of these that nobody says: its class has no default for it */
  require(names: readonly string[], className: string): void {
    const missing = names.find((name) => !this.has(name));
    if (missing === undefined) return;
    const [, { code, what }] = this.#sources;
    throw new NmodeError(
      code,
      `${what}: ${className} takes ${missing}, which is left out and has no default: give it with ${option('backboneArguments')}`,
    );
  }

  /** A whole number. */
  whole(name: string, otherwise: number, least = 1, most = MOST): number {
    const value = this.value(name) ?? otherwise;
    if (isWhole(value, least, most)) return value;
    throw this.fault([name], `a whole number from ${least} to ${most}`);
  }

  /** Whole numbers, so many of them. */
  wholes(name: string, otherwise: readonly number[], count: number, why: string): readonly number[] {
    const isElement = (value: unknown): value is number => isWhole(value, 1, MOST);
    return this.list(name, otherwise, isElement, `a whole number from 1 to ${MOST}: ${why}`, count);
  }

  /** A list of one element at least, or of so many. */
  list<T>(
    name: string,
    otherwise: readonly T[],
    isElement: (value: unknown) => value is T,
    expected: string,
    count?: number,
  ): readonly T[] {
    const value = this.value(name) ?? otherwise;
    const isList = Array.isArray(value) && value.length > 0 && value.length <= MOST_ELEMENTS;
    if (isList && (count ?? value.length) === value.length && value.every(isElement)) return value;
    throw this.fault([name], `a list of ${count ?? `1 to ${MOST_ELEMENTS}`}, each ${expected}`, otherwise);
  }

  /** One of several words. */
  word<T extends string>(name: string, otherwise: T, words: readonly T[]): T {
    const value = this.value(name) ?? otherwise;
    const found = words.find((word) => word === value);
    if (found === undefined) throw this.fault([name], words.join(' or '));
    return found;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.value(name) ?? otherwise;
    if (typeof value !== 'boolean') throw this.fault([name], 'true or false');
    return value;
  }

  /**
   * To be called when all are asked for.
   * @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for an argument that nobody asked for: it would change the network unseen
   */
  refuseOthers(className: string): void {
    // Shapes tell more than each class asks for.
    for (const { what, code, values } of this.#sources.filter((source) => source.what !== SHAPES)) {
      const other = Object.keys(values).find(
        // smp itself leaves these out.
        (name) => !this.#asked.has(name) && !name.startsWith('_') && (values[name] ?? null) !== null,
      );
      if (other === undefined) continue;
      const asked = [...this.#asked];
      const way = closestText(other, asked) || `: it takes ${asked.join(', ')}`;
      throw new NmodeError(code, `${what}: ${className} is not written with ${other.slice(0, 60)}${way}`);
    }
  }
}

export function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}

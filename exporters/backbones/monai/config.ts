import { evaluated, type Plain } from './expression.js';

/** Values that are looked at in all: those that refer to each other may be endless. */
const MOST_VALUES = 20_000;
const DEEPEST = 40;

const isObject = (value: Plain | undefined): value is { readonly [name: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A configuration of a MONAI bundle: `@channels` stands for what is at that place of it (`preprocessing::transforms::0`), and `$...`
 * for the value of an expression. What cannot be known without running Python stays the text that it is.
 */
export class Config {
  #values = 0;

  constructor(private readonly root: Plain) {}

  /** What is at a place; undefined for nothing. */
  at(id: string): Plain | undefined {
    const raw = this.#find(id);
    return raw === undefined ? undefined : this.resolved(raw);
  }

  #find(id: string): Plain | undefined {
    let value: Plain | undefined = this.root;
    for (const name of id.split(/::|#/)) {
      if (Array.isArray(value)) value = /^\d+$/.test(name) ? value[Number(name)] : undefined;
      else value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    }
    return value;
  }

  resolved(value: Plain, depth = 0): Plain {
    if (++this.#values > MOST_VALUES || depth > DEEPEST) return value;
    const inner = (one: Plain) => this.resolved(one, depth + 1);
    if (typeof value === 'string') return this.#text(value, depth);
    if (Array.isArray(value)) return value.map(inner);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]));
  }

  #text(text: string, depth: number): Plain {
    const lookUp = (id: string) => {
      const raw = this.#find(id);
      if (raw === undefined) return undefined;
      const value = this.resolved(raw, depth + 1);
      // What is not known makes all that is made of it unknown.
      return typeof value === 'string' && /^[@$%]/.test(value) ? undefined : value;
    };
    if (text.startsWith('@') || text.startsWith('%')) return lookUp(text.slice(1)) ?? text;
    if (!text.startsWith('$')) return text;
    const value = evaluated(text.slice(1), lookUp);
    return value === undefined ? text : value;
  }
}

/** A module of Python with the arguments of its class: `_target_`. */
export interface Component {
  /** Without the module that it is in. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, Plain>>;
}

export const isDisabled = (value: Plain): boolean => isObject(value) && value._disabled_ === true;

/** Undefined for what names no class, or is disabled. */
export function componentOf(value: Plain | undefined): Component | undefined {
  if (!isObject(value)) return undefined;
  const { _target_: target, _disabled_: _, ...args } = value;
  if (typeof target !== 'string' || isDisabled(value)) return undefined;
  return { name: target.slice(target.lastIndexOf('.') + 1), arguments: args };
}

/** The name of a transform: those of dictionaries have a letter more. */
export const plainName = (name: string): string => name.replace(/(Dict|[dD])$/, '');

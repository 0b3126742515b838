/**
 * What a pickle may hold here. Python's tuples are frozen arrays in `Tuple`, lists are arrays, dicts are Maps
 * (so that a key `__proto__` is a key like any other).
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Tuple
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | Global
  | Inert
  | object;

export class Tuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A class or function named by the file. It is never looked up, only compared with the names that are understood. */
export class Global {
  readonly path: string;
  constructor(module: string, name: string) {
    this.path = `${module}.${name}`;
  }
}

/** What an unknown class or function would have made: its name, for messages. Nothing of it ever runs. */
export class Inert {
  constructor(readonly path: string) {}
}

/** An object that is told its state once it is made (BUILD), and keeps of it what it understands. */
export abstract class Stateful extends Inert {
  abstract setState(state: PickleValue): void;
}

/** A value for a message. Containers are named, not printed: they may hold themselves. */
export function shown(value: PickleValue | undefined): string {
  if (typeof value === 'string') return value.slice(0, 80);
  if (value === undefined) return 'missing';
  if (value === null) return 'None';
  if (typeof value !== 'object') return String(value);
  if (value instanceof Global || value instanceof Inert) return value.path;
  if (value instanceof Map) return 'a dict';
  return Array.isArray(value) || value instanceof Tuple ? 'a list' : 'an object';
}

/** The outside of a pickle: how named callables and persistent ids become values. */
export interface PickleWorld {
  /** The result of calling a global; an Inert where it is not understood. */
  call(callable: Global, args: readonly PickleValue[]): PickleValue;
  persistent(id: PickleValue): PickleValue;
}

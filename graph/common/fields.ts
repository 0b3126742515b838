/** The fields of an object that has these, maybe those, and no others: a misspelt one must not pass for absent. @throws TypeError */
export function fieldsOf(
  value: unknown,
  what: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${what} is not an object`);
  const found = Object.keys(value);
  const wrong = [
    ...found.filter((name) => !names.includes(name) && !optional.includes(name)),
    ...names.filter((n) => !found.includes(n)),
  ];
  if (wrong.length > 0) {
    throw new TypeError(`${what} has ${found.join(', ') || 'nothing'}, expected ${names.join(', ')}`);
  }
  return Object.fromEntries(Object.entries(value));
}

/** Its kind. @throws TypeError where it has none */
export function kindOf(value: unknown, what: string): unknown {
  if (typeof value === 'object' && value !== null && 'kind' in value) return value.kind;
  throw new TypeError(`${what} has no kind`);
}

/** One of some values. @throws TypeError */
export function oneOf<T>(value: unknown, what: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new TypeError(`${what} '${value}' is not one of ${known.join(', ')}`);
  return found;
}

/** @throws TypeError */
export function finite(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TypeError(`${what} is not a number`);
}

/** Whether it is above 0 and can be divided by. */
export const isDivisor = (value: number): boolean => value > 0 && Number.isFinite(1 / value);

/** A number that is one. @throws TypeError, RangeError */
export function positive(value: unknown, what: string): number {
  const number = finite(value, what);
  if (!isDivisor(number)) throw new RangeError(`${what} is ${number}, expected a number above 0`);
  return number;
}

/** The fields of an object that has these, maybe those, and no others: a misspelt one must not pass for absent. @throws TypeError */
export function fieldsOf(
  value: unknown,
  what: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${what} is no object`);
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

/**
 * An option of the API as messages name it: `head`, or with a value `head: 'softmax'`. (The command line words these as flags.)
 * @param name where it is in another, with a dot between: `solverOptions.form`
 */
export function option(name: string, value?: unknown): string {
  return value === undefined ? `\`${name}\`` : `\`${name}: ${literal(value)}\``;
}

/** Of a list or an object, so many elements or keys are told. */
const MAX_TOLD = 8;

/** A value as messages tell it: an instance of a class by its name, since what it holds may be anything. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    return `[${few(value)
      .map((one) => (typeof one === 'string' ? one : literal(one)))
      .join(', ')}]`;
  }
  if (value instanceof URL) return `new URL('${value.href}')`;
  const name = value.constructor?.name ?? 'Object';
  if (name !== 'Object') return name;
  const keys = few(Object.keys(value));
  return keys.length === 0 ? '{}' : `{ ${keys.join(', ')} }`;
}

const few = (list: readonly unknown[]): readonly unknown[] =>
  list.length <= MAX_TOLD ? list : [...list.slice(0, MAX_TOLD), '...'];

/**
 * An option of the API as messages name it: `head`, or with a value `head: 'softmax'`. (The command line words these as flags.)
 * @param name where it is in another, with a dot between: `solverOptions.form`
 */
export function option(name: string, value?: unknown): string {
  return value === undefined ? `\`${name}\`` : `\`${name}: ${literal(value)}\``;
}

/** An object is told by a few of its keys. */
const MAX_KEYS = 5;

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value))
    return `[${value.map((one) => (typeof one === 'string' ? one : literal(one))).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.keys(value).slice(0, MAX_KEYS).join(', ')} }`;
}

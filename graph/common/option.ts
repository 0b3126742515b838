/**
 * An option of the API as messages name it: `head`, or with a value `head: 'softmax'`. (The command line words these as flags.)
 * @param name where it is in another, with a dot between: `solverOptions.form`
 */
export function option(name: string, value?: unknown): string {
  return value === undefined ? `\`${name}\`` : `\`${name}: ${literal(value)}\``;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

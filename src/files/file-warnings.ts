/** What is to be told of a file: one line each. */
export interface FileWarnings {
  readonly name: string;
  readonly warnings: readonly string[];
}

/** A line for each file that has any; one for all files of which the same is told. */
export function warningLines(files: Iterable<FileWarnings>): readonly string[] {
  const warned = new Map<string, string[]>();
  for (const { name, warnings } of files) {
    const text = warnings.join('; ');
    if (text !== '') warned.set(text, [...(warned.get(text) ?? []), name]);
  }
  return Array.from(warned, ([text, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return `${first}${more}: ${text}`;
  });
}

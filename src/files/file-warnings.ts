import { grouped } from './grouped.js';

/** What is to be told of a file: one line each. */
export interface FileWarnings {
  readonly name: string;
  readonly warnings: readonly string[];
}

/** A line for each file that has any; one for all files of which the same is told. */
export function warningLines(files: Iterable<FileWarnings>): readonly string[] {
  const warned = [...grouped(files, ({ warnings }) => warnings.join('; '))].filter(([text]) => text !== '');
  return warned.map(([text, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return `${first?.name}${more}: ${text}`;
  });
}

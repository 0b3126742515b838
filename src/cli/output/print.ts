export function shapeLine(shape: readonly (number | string)[] | undefined): string {
  return shape === undefined ? 'of any shape' : shape.join(' x ');
}

/** Rows as aligned columns; numbers, and what looks like one, to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) =>
    lines.reduce((width, line) => Math.max(width, (line[column] ?? '').length), 0),
  );
  const numeric = header.map((_, column) => rows.every((row) => /^[\d.,]/.test(row[column] ?? '')));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Label and text in two columns. */
export function fields(pairs: readonly (readonly [label: string, text: string])[]): string {
  const width = pairs.reduce((widest, [label]) => Math.max(widest, label.length), 0);
  return pairs.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join('\n');
}

/** One document on standard output. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

const printable = (text: string) => text.replace(/[^\P{Cc}\n]/gu, '?');

/** Text for people. Names come from files: what would steer the terminal is shown as '?'. */
export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** One line on standard error for each file that was read in spite of faults. */
export function noteWarnings(
  files: readonly { readonly name: string; readonly warnings: readonly string[] }[],
): void {
  for (const { name, warnings } of files) {
    if (warnings.length > 0) process.stderr.write(`${printable(`nmode: ${name}: ${warnings.join('; ')}`)}\n`);
  }
}

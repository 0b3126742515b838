import { at } from '../../../graph/common/at.js';
import { sizesText } from '../../../graph/ir/model.js';
import type { Column } from '../../reports/html.js';

export function shapeLine(shape: readonly (number | string)[] | undefined): string {
  if (shape === undefined) return 'of any shape';
  return shape.length === 0 ? 'scalar' : sizesText(shape, ' x ');
}

/** Rows as aligned columns; numbers, and what looks like one, to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => at(row, column));
    const width = Math.max(...[title, ...cells].map((cell) => cell.length));
    const isNumeric = cells.every((cell) => /^[\d.,]/.test(cell));
    return [title, ...cells].map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  const lines = [header, ...rows].map((_, line) => columns.map((cells) => at(cells, line)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** The same by what each column says of a row, '-' for nothing. */
export function columnsTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return table(
    columns.map(([name]) => name),
    rows.map((row) => columns.map(([, text]) => text(row) ?? '-')),
  );
}

/** A line of its own; none where there is not a string. */
export type Field = readonly [label: string, text: string | undefined];

/** Label and text in two columns. */
export function fields(list: readonly Field[]): string {
  const said = list.filter(([, text]) => text !== undefined);
  const width = Math.max(0, ...said.map(([label]) => label.length));
  return said.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join('\n');
}

/** A report on standard output: one JSON document, or a text for people. */
export function printReport<Report>(
  report: Report,
  json: true | undefined,
  textOf: (report: Report) => string,
): void {
  if (json) printJson(report);
  else print(textOf(report));
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

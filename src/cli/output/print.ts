import { at } from '../../../graph/common/at.js';
import { sizesText } from '../../../graph/ir/model.js';
import type { ProviderPlacement } from '../../index.js';
import type { Column } from '../../reports/html.js';
import { fittingTable, GAP, hanging } from '../../reports/width.js';
import type { Documents } from './documents.js';

export function shapeLine(shape: readonly (number | string)[] | undefined): string {
  if (shape === undefined) return 'of any shape';
  return shape.length === 0 ? 'scalar' : sizesText(shape, ' x ');
}

/** '12 nodes on cpu', for each provider that ran some. */
export function placementTexts(placement: ProviderPlacement): readonly string[] {
  return Object.entries(placement).map(([provider, count]) => `${count} nodes on ${provider}`);
}

/** Rows as aligned columns that fit the terminal; numbers, and what looks like one, to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return fittingTable(
    header.map((title, column) => [title, ...rows.map((row) => at(row, column))]),
    lineWidth(),
  );
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

/** Label and text in two columns; what is wider than the terminal goes on below itself. */
export function fields(list: readonly Field[]): string {
  const said = list.flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as const]));
  const indent = Math.max(0, ...said.map(([label]) => label.length)) + GAP.length;
  return said.map(([label, text]) => hanging(label.padEnd(indent) + text, indent, lineWidth())).join('\n');
}

/** A line of text, which goes on below itself where it is wider than the terminal. */
export const paragraph = (text: string): string => hanging(text, 2, lineWidth());

/** Columns of the terminal, or as many as COLUMNS says; without either, lines are as long as what they say, for those who search them. */
export function lineWidth(): number {
  const { columns = Number(process.env.COLUMNS) } = process.stdout;
  return columns > 0 ? columns : Number.POSITIVE_INFINITY;
}

/** A report of a command on standard output: its JSON document, or a text for people. */
export function printReport<C extends keyof Documents = never>(
  report: Documents[C],
  json: true | undefined,
  textOf: (report: Documents[C]) => string,
): void {
  if (json) printJson<C>(report);
  else print(textOf(report));
}

/** The document of a command on standard output. */
export function printJson<C extends keyof Documents = never>(document: Documents[C]): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** What would steer the terminal is shown as '?'. */
export const printable = (text: string): string => text.replace(/[^\P{Cc}\n]/gu, '?');

/** Text for people, with names that come from files. */
export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

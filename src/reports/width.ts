/** Text that is no wider than a terminal. */
import { at } from '../../graph/common/at.js';

export const GAP = '  ';

/** A text column gets no narrower than this: whole tables are parted before. */
const NARROWEST = 24;

/** A column from its title on. */
type Cells = readonly string[];

/**
 * Columns side by side. Where they are wider, texts go on below themselves; where that is not enough, columns are parted into
 * several tables, each with the first.
 */
export function fittingTable(columns: readonly Cells[], width: number): string {
  const widths = fittingWidths(columns, width);
  const fit = widths.findIndex((_, index) => totalOf(widths.slice(0, index + 1)) > width);
  // One at least beside the first.
  const taken = fit === -1 ? columns.length : Math.max(2, fit);
  if (taken < columns.length) {
    const parts = [columns.slice(0, taken), [at(columns, 0), ...columns.slice(taken)]];
    return parts.map((part) => fittingTable(part, width)).join('\n\n');
  }
  return aligned(columns, widths);
}

const longest = (texts: readonly string[]) => Math.max(...texts.map(({ length }) => length));

const totalOf = (widths: readonly number[]) =>
  widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));

/** Numbers and what looks like one, with '-' for none. */
const isNumeric = ([, ...cells]: Cells) => cells.every((cell) => /^(?:[\d.,]|-$)/.test(cell));

/** Of each column, once the widest of texts have been made narrower until all fit, as far as they may. */
function fittingWidths(columns: readonly Cells[], width: number): readonly number[] {
  const widths = columns.map(longest);
  const least = columns.map((cells, index) =>
    isNumeric(cells) ? at(widths, index) : Math.min(at(widths, index), NARROWEST),
  );
  for (let excess = totalOf(widths) - width; excess > 0; excess--) {
    const slack = widths.map((each, index) => (each > at(least, index) ? each : 0));
    const widest = Math.max(...slack);
    if (widest === 0) break;
    widths[slack.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function aligned(columns: readonly Cells[], widths: readonly number[]): string {
  const numeric = columns.map(isNumeric);
  const lines = at(columns, 0).flatMap((_, row) => {
    const cells = columns.map((column, index) => wrapped(at(column, row), at(widths, index)));
    return Array.from({ length: Math.max(...cells.map(({ length }) => length)) }, (__, line) => {
      const texts = cells.map((parts, index) => {
        const text = parts[line] ?? EMPTY;
        return at(numeric, index) ? text.padStart(at(widths, index)) : text.padEnd(at(widths, index));
      });
      return texts.join(GAP).trimEnd();
    });
  });
  return lines.join('\n');
}

/** Of a cell that has fewer lines than others of its row. */
const EMPTY = '';

/** The lines of a text, each as wide as fits; a word that is wider than a line is broken. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<= )/)) {
    if (line !== '' && (line + word.trimEnd()).length > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
    for (; line.trimEnd().length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line.trimEnd()];
}

/** A text whose second line and those after are indented; words stay whole, that they may be copied. */
export function hanging(text: string, indent: number, width: number): string {
  const [label, rest] = [text.slice(0, indent), text.slice(indent)];
  const lines = [label];
  let isEmpty = true;
  // Shapes, '1 x 3 x 256 x 256', stay whole as well.
  for (const word of rest.split(/(?<! x) (?!x )/)) {
    const last = lines.length - 1;
    const longer = `${at(lines, last)}${isEmpty ? '' : ' '}${word}`;
    if (isEmpty || longer.length <= width) lines[last] = longer;
    else lines.push(' '.repeat(indent) + word);
    isEmpty = false;
  }
  return lines.join('\n');
}

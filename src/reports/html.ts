import { writeOutput } from '../files/write-whole.js';

/** Text as it stands in HTML, also between quotation marks. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** For tables of figures and for plots. */
export const FIGURES_STYLE = `  table { border-collapse: collapse; }
  .figures { overflow-x: auto; }
  .figures th, .figures td { padding: 0.2rem 0.8rem 0.2rem 0; text-align: right; white-space: nowrap; }
  .figures th:first-child, .figures td:first-child { text-align: left; }
  svg { display: block; width: 100%; max-width: 60rem; margin: 0.5rem 0 1.5rem; }
  svg text { fill: currentColor; font-size: 13px; }
  svg .grid { stroke: currentColor; stroke-opacity: 0.2; }`;

/** What a column is called, and what it says of a row; nothing where that is undefined. */
export type Column<Row> = readonly [name: string, text: (row: Row) => string | undefined];

/** A table of figures, with the name of each row before them. */
export function figuresTable<Row extends { readonly name: string }>(
  what: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const head = [what, ...columns.map(([name]) => name)].map((name) => `<th>${escaped(name)}`);
  const lines = rows.map((row) => {
    const cells = columns.map(([, text]) => `<td>${escaped(text(row) ?? '')}`);
    return `<tr><th>${escaped(row.name)}${cells.join('')}`;
  });
  return `<div class="figures"><table>\n<tr>${head.join('')}\n${lines.join('\n')}\n</table></div>`;
}

/** A table of labels and texts, a row each; none for a label without a text. */
export function fieldsTable(pairs: readonly (readonly [label: string, text: string | undefined])[]): string {
  const rows = pairs.flatMap(([label, text]) =>
    text === undefined ? [] : `<tr><th>${escaped(label)}<td>${escaped(text)}`,
  );
  return `<table>\n${rows.join('\n')}\n</table>`;
}

/** A titled list of texts; nothing where there are none. */
export function listSection(title: string, texts: readonly string[]): string {
  if (texts.length === 0) return '';
  return `<h2>${title}</h2>\n<ul>\n${texts.map((text) => `<li>${escaped(text)}`).join('\n')}\n</ul>`;
}

/**
 * A page that needs no other file.
 * @param style of what is its own
 */
export function pageOf(title: string, style: string, body: string): Uint8Array {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  :root { color-scheme: light dark; }
  th { text-align: left; font-weight: normal; padding-right: 2rem; }
  td { font-variant-numeric: tabular-nums; }
  figure { margin: 0; }
${style}
</style>
<h1>${escaped(title)}</h1>
${body}
`;
  return Buffer.from(html);
}

/** Writes such a page. @throws NmodeError (CANNOT_WRITE) */
export async function writePage(path: string, title: string, style: string, body: string): Promise<void> {
  await writeOutput(path, pageOf(title, style, body));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it stands in HTML, also between quotation marks. */
export const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

/** For tables of figures and for plots. */
export const FIGURES_STYLE = `  table { border-collapse: collapse; }
  .figures { overflow-x: auto; }
  .figures th, .figures td { padding: 0.2rem 0.8rem 0.2rem 0; text-align: right; white-space: nowrap; }
  .figures th:first-child, .figures td:first-child { text-align: left; }
  svg { display: block; width: 100%; max-width: 60rem; margin: 0.5rem 0 1.5rem; }
  svg text { fill: currentColor; font-size: 13px; }
  svg .grid { stroke: currentColor; stroke-opacity: 0.2; }`;

/** A table of figures: the first column names the row. */
export function figuresTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = header.map((name) => `<th>${escaped(name)}`).join('');
  const lines = rows.map(([name = '', ...cells]) => {
    return `<tr><th>${escaped(name)}${cells.map((cell) => `<td>${escaped(cell)}`).join('')}`;
  });
  return `<div class="figures"><table>\n<tr>${head}\n${lines.join('\n')}\n</table></div>`;
}

/** Labels and texts, a row each. */
export function rows(pairs: readonly (readonly [label: string, text: string])[]): string {
  return pairs.map(([label, text]) => `<tr><th>${escaped(label)}<td>${escaped(text)}`).join('\n');
}

/**
 * A page that needs nothing else.
 * @param style of what is its own
 */
export function page(title: string, style: string, body: string): string {
  return `<!doctype html>
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
}

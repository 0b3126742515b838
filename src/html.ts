const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it stands in HTML, also between quotation marks. */
export const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

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

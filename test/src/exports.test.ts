/** Protects those who program with the package: what it hands out can be named, and nothing of it changes unseen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Declarations, type Declared } from '../support/declarations.js';
import { root } from '../support/fixtures.js';
import { puzzlesIn } from '../support/puzzling.js';

/** Entry points by their reports. */
const ENTRIES = { node: 'index', web: 'web' } as const;
const REPORTS = ['node', 'web'] as const;

const declarationsOf = (report: string) => {
  const [, code = ''] = /```ts\n([\s\S]*)```/.exec(readFileSync(join(root, 'etc', report), 'utf8')) ?? [];
  // The report does not say that namespaces are exported. Without an export of nothing, all that is declared would be.
  return `${code.replaceAll('declare namespace', 'export declare namespace')}\nexport {};\n`;
};
const built = (name: keyof typeof ENTRIES) => join(root, 'dist/src', `${ENTRIES[name]}.d.ts`);

const declarations = new Declarations(
  join(root, 'dist'),
  REPORTS.map(built),
  Object.fromEntries(REPORTS.map((name) => [name, declarationsOf(`${name}.api.md`)])),
);
afterAll(() => declarations.close());

/** What is exported, and what that names, and so on; and who names it. */
function reachable(file: string, isPublic: boolean): ReadonlyMap<number, { of: Declared; by: string }> {
  const found = new Map<number, { of: Declared; by: string }>();
  const visit = (of: Declared, by: string) => {
    if (found.has(of.symbol.id)) return;
    found.set(of.symbol.id, { of, by });
    for (const named of declarations.namedIn(of.nodes, isPublic)) visit(named, of.symbol.name);
  };
  for (const [name, declared] of declarations.exportsOf(file)) visit(declared, name);
  return found;
}

const without = (all: readonly string[], others: readonly string[]) => {
  const known = new Set(others);
  return all.filter((each) => !known.has(each)).sort();
};

describe.each(REPORTS)('the API of %s', (name) => {
  const file = built(name);

  it('exports every type that it names', () => {
    const exported = new Set([...declarations.exportsOf(file).values()].map(({ symbol }) => symbol.id));
    const hidden = [...reachable(file, true).values()].filter(({ of }) => !exported.has(of.symbol.id));
    expect(hidden.map(({ of, by }) => `${of.symbol.name}, by ${by}`)).toEqual([]);
  });

  it('is described without puzzling phrases', () => {
    const comments = [...declarations.exportsOf(file)].flatMap(([name, declared]) =>
      declarations.commentsOf(declared).map(([member, text]) => [`${name}, ${member}`, text] as const),
    );
    expect(comments.filter(([, text]) => text !== '').length).toBeGreaterThan(100);
    expect(comments.flatMap(([where, text]) => puzzlesIn(where, text))).toEqual([]);
  });

  it('is that of etc/*.api.md (npm run api writes it; what it removes or changes breaks programs)', () => {
    const [now, then] = [file, declarations.fileOf(name)].map((each) => [
      ...declarations.exportsOf(each).keys(),
    ]) as [string[], string[]];
    expect({ removed: without(then, now), added: without(now, then) }).toEqual({ removed: [], added: [] });
    const found = [...reachable(file, false).values()].flatMap(({ of }) => of.nodes);
    const [texts, told] = [found, declarations.declarationsIn(declarations.fileOf(name))].map((nodes) =>
      nodes.map((node) => declarations.textOf(node)),
    ) as [string[], string[]];
    expect({ was: without(told, texts), is: without(texts, told) }).toEqual({ was: [], is: [] });
    expect(told.length).toBeGreaterThan(60);
  });
});

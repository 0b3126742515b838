import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';
import { blocksOf } from '../support/markdown.js';

const TOP = ['graph', 'exporters', 'runtime', 'src'];

/** A folder of a room, or the room for what stands in none. */
function folderOf(file: string): string {
  return file.split('/').slice(0, -1).slice(0, 2).join('/');
}

/** Which folders each folder imports. */
function imports(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const room of TOP) {
    for (const name of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const file = join(root, room, name);
      const from = folderOf(relative(root, file));
      const read = found.get(from) ?? new Set();
      found.set(from, read);
      for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
        const to = folderOf(relative(root, resolve(dirname(file), path)));
        if (to !== from) read.add(to);
      }
    }
  }
  return found;
}

/** All that a folder is built on, itself not included. */
function below(folder: string, graph: ReadonlyMap<string, ReadonlySet<string>>, seen = new Set<string>()) {
  for (const next of graph.get(folder) ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    below(next, graph, seen);
  }
  return seen;
}

/** The picture: an arrow to a folder unless another arrow leads there already. */
function picture(graph: ReadonlyMap<string, ReadonlySet<string>>): string {
  const arrows = [...graph].flatMap(([from, read]) =>
    [...read]
      .filter((to) => ![...read].some((other) => other !== to && below(other, graph).has(to)))
      .map((to) => `  ${from} --> ${to}`),
  );
  return ['graph TD', ...arrows.sort(), ''].join('\n');
}

it('no folder is built on itself', () => {
  const graph = imports();
  expect([...graph.keys()].filter((folder) => below(folder, graph).has(folder))).toEqual([]);
});

it('docs/development.md has the house as it is', () => {
  const drawn = blocksOf('docs/development.md').find(({ language }) => language === 'mermaid');
  expect(drawn?.code).toBe(picture(imports()));
});

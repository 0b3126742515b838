import { expect, it } from '@jest/globals';
import type { Conditions } from './conditions.js';
import { EXPORTERS } from './rows/exporters.js';
import { GRAPH } from './rows/graph.js';
import { RUNTIME } from './rows/runtime.js';
import { SRC } from './rows/src.js';
import { allTemplates } from './templates.js';

const CONDITIONS: Conditions = { ...GRAPH, ...EXPORTERS, ...RUNTIME, ...SRC };
const templates = allTemplates();

/** A template by the file that it is in, as `graph/analysis/check.ts: the graph has no output`. */
const rowsOf = (table: Iterable<readonly [file: string, templates: Iterable<string>]>) =>
  Array.from(table, ([file, texts]) => Array.from(texts, (text) => `${file}: ${text}`)).flat();

const written = rowsOf([...templates]);
const described = rowsOf(Object.entries(CONDITIONS).map(([file, rows]) => [file, Object.keys(rows)]));

/** A condition is a phrase of its own. */
const MIN_LENGTH = 10;

it('every message has a row with the condition that makes it true', () => {
  expect(written.length).toBeGreaterThan(400);
  const known = new Set(described);
  expect(written.filter((row) => !known.has(row))).toEqual([]);
});

it('every row is that of a message', () => {
  const known = new Set(written);
  expect(described.filter((row) => !known.has(row))).toEqual([]);
});

it('every condition says more than its message', () => {
  const empty = Object.entries(CONDITIONS).flatMap(([file, rows]) =>
    Object.entries(rows)
      .filter(([text, condition]) => condition.trim().length < MIN_LENGTH || condition.trim() === text.trim())
      .map(([text]) => `${file}: ${text}`),
  );
  expect(empty).toEqual([]);
});

/** Tables of options name those that their functions take: one that is added, renamed or removed is so in the docs as well. */
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { Declarations } from '../support/declarations.js';
import { root } from '../support/fixtures.js';
import { PAGES, readPage } from '../support/markdown.js';

const file = join(root, 'dist/src/index.d.ts');
const declarations = new Declarations(join(root, 'dist'), [file]);
afterAll(() => declarations.close());
const doors = declarations.doorsOf(file);

/** The tables of options of all pages, each with the function that the text before it names, as `load(model, options)`. */
const tables = PAGES.flatMap((page) => {
  const text = readPage(page);
  return [...text.matchAll(/^\| option +\|.*\n\|.*\n((?:\|.*\n)+)/gm)].map(({ index, 1: rows = '' }) => {
    const called = [...text.slice(0, index).matchAll(/`([\w.]+)\([^)`]*\boptions\)`/g)].at(-1)?.[1] ?? '';
    const names = rows.split('\n').flatMap((row) => row.split('|')[1]?.match(/(?<=`)\w+(?=`)/g) ?? []);
    return { page, called, names };
  });
});

it('are found with their functions', () => {
  expect(tables.map(({ called }) => called)).toEqual(['segment', 'Segmenter.load']);
});

it.each(tables)('$page: $called', ({ called, names }) => {
  const door = doors.find(({ name }) => name === called);
  expect([...names].sort()).toEqual([...(door?.options ?? [])].sort());
});

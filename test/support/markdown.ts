import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './fixtures.js';

/** README.md and every page in docs/, relative to the root. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
];

/** A fenced block of code. */
export interface Block {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** What stands behind the opening fence; '' where nothing does. */
  readonly language: string;
  /** Without the indentation of the fence. */
  readonly code: string;
}

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');

/** The fenced blocks of a page, those in lists included. */
export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page);
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const [, indent = '', language = '', body = ''] = match;
    const line = text.slice(0, match.index).split('\n').length;
    return { page, line, language, code: body.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
  });
}

/** The text below a heading, up to the next one of the same or a higher level. */
export function sectionOf(page: string, heading: RegExp): string {
  const lines = readPage(page).split('\n');
  const start = lines.findIndex((line) => line.startsWith('#') && heading.test(line));
  if (start < 0) throw new Error(`${page} has no heading ${heading}`);
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 1;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => new RegExp(`^#{1,${level}} `).test(line));
  return [lines[start], ...(end < 0 ? rest : rest.slice(0, end))].join('\n');
}

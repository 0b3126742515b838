import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';
import { PAGES, readPage } from '../support/markdown.js';

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = readPage(page)
    .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return new Set(Array.from(headings, ([, text = '']) => anchorOf(text)));
}

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** What is wrong with a link of a page; undefined where it leads somewhere. */
function faultOf(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const to = path === '' ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, to))) return `${page}: ${target}: no such file`;
  if (anchor !== undefined && !anchorsOf(to).has(anchor)) return `${page}: ${target}: no such heading`;
  return undefined;
}

it('links in README.md and docs/ lead to files and headings that exist', () => {
  const links = PAGES.flatMap((page) =>
    Array.from(readPage(page).matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => [page, target] as const),
  ).filter(([, target]) => !/^https?:/.test(target));
  expect(links.length).toBeGreaterThan(100);
  expect(links.map(([page, target]) => faultOf(page, target)).filter((fault) => fault !== undefined)).toEqual(
    [],
  );
});

it('every page of docs/ is listed in README.md and in the side bar of the site', () => {
  const [readme, sidebar] = ['README.md', 'tools/docs/.vitepress/config.js'].map(readPage);
  const missing = PAGES.filter((page) => page.startsWith('docs/')).filter(
    (page) => !readme?.includes(`(${page})`) || !sidebar?.includes(`'${page.slice(5, -3)}'`),
  );
  expect(missing).toEqual([]);
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';
import { blocksOf, PAGES } from '../support/markdown.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-snippets-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a snippet may lean on without saying so: the segmenter of the page's first one, and what its text names. */
const PRELUDE = `
declare const segmenter: import('nmode-onnx').Segmenter;
declare const file: File;
`;

/** Settings of a strict consumer, the same as in .ci/package. */
const STRICT = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];

it('TypeScript in README.md and docs/ compiles under strict settings as it stands', () => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'nmode-onnx'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  writeFileSync(join(folder, 'prelude.d.ts'), PRELUDE);
  const snippets = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'ts');
  expect(snippets.length).toBeGreaterThan(10);
  // A name tells the page and the line; each is a module, so that names of one do not meet those of another.
  const names = snippets.map(({ page, line, code }) => {
    const name = `${page.replaceAll(/\W/g, '_')}_line_${line}.ts`;
    writeFileSync(join(folder, name), `${code}export {};\n`);
    return name;
  });
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const settings = ['--noEmit', ...STRICT, '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck'];
  const libraries = ['--lib', 'es2023,esnext.disposable,dom', '--types', 'node'];
  const types = ['--typeRoots', join(root, 'node_modules', '@types')];
  const args = [...settings, ...libraries, ...types, 'prelude.d.ts', ...names];
  const { stdout, status } = spawnSync(tsc, args, { cwd: folder, encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
});

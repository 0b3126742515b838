import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';

/** `npm run check` lints by biome.json: each of its rules of the house must see what it forbids. */
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nmode-lint-'));
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  const { vcs: _, ...others } = config;
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(others));
  cpSync(join(root, 'test/lint'), join(folder, 'test/lint'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the linter says of files that are written by their names. */
function complaints(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { stdout, stderr, status } = spawnSync(process.execPath, [biome, 'lint', ...Object.keys(files)], {
    cwd: folder,
    encoding: 'utf8',
  });
  return status === 0 ? '' : stdout + stderr;
}

const a = 'export const a = 1;\n';
const readsA = (path: string) => `import { a } from '${path}';\n\nexport const b = a + 1;\n`;

it('passes what keeps to the house', () => {
  expect(complaints({ 'graph/a.ts': a, 'exporters/b.ts': readsA('../graph/a.js') })).toBe('');
});

it.each([
  ['graph', 'exporters'],
  ['graph', 'runtime'],
  ['graph', 'src'],
  ['exporters', 'runtime'],
  ['exporters', 'src'],
  ['runtime', 'exporters'],
  ['runtime', 'src'],
  ['runtime/server', 'runtime/server/rest'],
  ['runtime/server', 'runtime/server/grpc'],
  ['runtime/server/rest', 'runtime/server/grpc'],
  ['runtime/server/grpc', 'runtime/server/rest'],
  ['src/api', 'src/cli/output'],
])('%s/ does not import %s/', (inner, outer) => {
  const up = '../'.repeat(inner.split('/').length);
  const files = { [`${outer}/a.ts`]: a, [`${inner}/b.ts`]: readsA(`${up}${outer}/a.js`) };
  expect(complaints(files)).toContain('noRestrictedImports');
});

it('nothing imports itself, by types either', () => {
  const files = {
    'graph/a.ts': "import type { B } from './b.js';\n\nexport type A = B | 1;\n",
    'graph/b.ts': "import type { A } from './a.js';\n\nexport type B = A | 2;\n",
  };
  expect(complaints(files)).toContain('noImportCycles');
});

it.each(['0', '1', "''"])('no index that misses becomes %s', (value) => {
  for (const index of ['list[0]', 'list?.[0]']) {
    const text = `export const first = (list?: readonly unknown[]) =>\n  ${index} ?? ${value};\n`;
    expect(complaints({ 'graph/a.ts': text })).toContain('gives no value in silence');
  }
});

it.each([
  ['a parameter', 'export const f = (told: number) => told;\n'],
  ['a field', 'export interface F {\n  readonly lmdForm: string;\n}\n'],
  ['a constant', 'export const aside = 1;\n'],
  ['a function', 'export function nominalSizes() {}\n'],
])('%s has no name that another word stands for', (_, text) => {
  expect(complaints({ 'graph/a.ts': text })).toContain('Another word stands for this');
});

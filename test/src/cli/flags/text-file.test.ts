import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { textOf } from '../../../../src/cli/flags/text-file.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-text-'));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (content: string | Uint8Array) => {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
};

it('reads a small text, up to its bound', () => {
  expect(textOf(written('Läsion\n'))).toBe('Läsion\n');
  expect(textOf(written('x'.repeat(2 ** 18)))).toHaveLength(2 ** 18);
  expect(textOf(devNull)).toBe('');
});

it('refuses what is not a string, or does not end, without the path that whoever tells it names', () => {
  expect(() => textOf(written('x'.repeat(2 ** 18 + 1)))).toThrow(/^it has more than 262144 bytes$/);
  expect(() => textOf(written(Uint8Array.of(255, 254, 0)))).toThrow(/^it is not in UTF-8: save it as such$/);
  expect(() => textOf(folder)).toThrow(/^it is a folder$/);
  expect(() => textOf(join(folder, 'gone'))).toThrow(/ENOENT: no such file or directory$/);
  if (process.platform === 'linux') expect(() => textOf('/dev/zero')).toThrow(/more than/);
});

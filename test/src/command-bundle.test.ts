/** The command as it is shipped: one file, which loads in half the time of the compiler's, and finds what those find. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { main } from '../support/nmode.js';

const folder = dirname(main);
const code = readFileSync(join(folder, 'main.cjs'), 'utf8');

it('it loads nothing of the compiler’s files: an error class there would be another one', () => {
  const loaded = Array.from(code.matchAll(/\b(?:require|import)\(["'`]([^"'`]+)/g), ([, name = '']) => name);
  expect(loaded).toEqual(expect.arrayContaining(['node:fs', 'yauzl', 'sharp']));
  expect(loaded.filter((name) => /^[./]/.test(name))).toEqual([]);
});

it('what a module finds by its own place is found from there', () => {
  const places = code.matchAll(/new URL\(["'`](\.[^"'`]+)["'`],new URL\(["'`]([^"'`]+)["'`],COMMAND_URL/g);
  const found = Array.from(places, ([, place = '', module = '']) => {
    const path = join(folder, dirname(module), place);
    return path.includes('${') ? dirname(path) : path;
  });
  // The process that bench measures, threads, interfaces of gRPC, bundled images, the page and what it loads.
  expect(new Set(found).size).toBeGreaterThanOrEqual(6);
  expect(found.filter((path) => !existsSync(path))).toEqual([]);
  expect(code).not.toContain('import.meta');
});

it('the licences of the packages in it stand beside it', () => {
  const licences = readFileSync(join(folder, 'licenses.txt'), 'utf8');
  for (const name of ['commander', 'protobufjs', 'long'])
    expect(licences).toContain(`\n${name}\n`.trimStart());
});

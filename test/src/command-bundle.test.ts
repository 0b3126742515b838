/** The command as it is shipped: few files, which load in half the time of the compiler's, and find what those find. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { main } from '../support/nmode.js';

const folder = join(dirname(main), 'parts');
const files = [
  main,
  ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
];
const parts = files
  .filter((file) => file.endsWith('.js'))
  .map((file) => ({ file, code: readFileSync(file, 'utf8') }));

it('it loads nothing of the compiler’s files: an error class there would be another one', () => {
  const imported = parts.flatMap(({ file, code }) =>
    Array.from(code.matchAll(/\b(?:from|import\()\s*"(\.[^"]+)"/g), ([, path = '']) =>
      join(dirname(file), path),
    ),
  );
  expect(imported.length).toBeGreaterThan(parts.length);
  expect(imported.filter((path) => !files.includes(path))).toEqual([]);
});

it('what a module finds by its own place is found from there', () => {
  const places = parts.flatMap(({ file, code }) =>
    Array.from(code.matchAll(/new URL\("(\.\.[^"]+)", import\.meta\.url\)/g), ([, path = '']) =>
      join(dirname(file), path).replace(/\.ts$/, '.js'),
    ),
  );
  // Threads, the process that bench measures, bundled images, the page twice, the runtime's package.
  expect(new Set(places).size).toBeGreaterThanOrEqual(5);
  expect(places.filter((path) => !existsSync(path))).toEqual([]);
  const own = parts.filter(({ code }) => /(?<!, )import\.meta\.url/.test(code));
  expect(own.map(({ code }) => code.split('\n')[1])).toEqual([
    'const require = createRequire(import.meta.url);',
  ]);
});

it('the licences of the packages in it stand beside it', () => {
  const licences = readFileSync(join(folder, 'licenses.txt'), 'utf8');
  for (const name of ['commander', 'protobufjs', 'long'])
    expect(licences).toContain(`\n${name}\n`.trimStart());
});

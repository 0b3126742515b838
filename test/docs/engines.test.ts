import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';
import { readPage } from '../support/markdown.js';

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node?: string };
}

/** fastify's, which npm uses as well. */
const { satisfies } = createRequire(import.meta.url)('semver') as {
  readonly satisfies: (version: string, range: string) => boolean;
};
const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

/** `20.19` of `>=20.19`. */
const lowest: string = readJson('package.json').engines.node.replace('>=', '');

/** The packages that this one uses, those that their users install themselves too, by their places in the lock file. */
function used(): ReadonlyMap<string, Package> {
  const packages: Readonly<Record<string, Package>> = readJson('package-lock.json').packages;
  const found = new Map<string, Package>();
  const visit = (place: string) => {
    const { dependencies, optionalDependencies, peerDependencies, ...own } = packages[place] ?? {};
    if (found.has(place)) return;
    found.set(place, own);
    const names = { ...dependencies, ...optionalDependencies, ...(place === '' && peerDependencies) };
    for (const name of Object.keys(names)) {
      const folders = place
        .split('/node_modules/')
        .map((_, index, all) => all.slice(0, index + 1).join('/node_modules/'));
      const nested = [
        ...folders.reverse().map((folder) => `${folder}/node_modules/${name}`),
        `node_modules/${name}`,
      ];
      const there = nested.find((candidate) => packages[candidate] !== undefined);
      if (there !== undefined) visit(there);
    }
  };
  visit('');
  return found;
}

it('every package that is used takes the lowest Node that this one promises', () => {
  const packages = [...used()];
  const refusing = packages
    .filter(([, { engines }]) => !satisfies(`${lowest}.0`, engines?.node ?? '*'))
    .map(([path, { engines }]) => `${path} needs ${engines?.node}`);
  expect(refusing).toEqual([]);
  expect(packages.length).toBeGreaterThan(60);
});

it.each(['README.md', 'docs/install.md'])('%s names that Node', (page) => {
  expect(readPage(page)).toContain(`Node ${lowest} or later`);
});

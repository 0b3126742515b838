import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';
import { readPage } from '../support/markdown.js';

interface Package {
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
}

/** fastify's, which npm uses as well. */
const { satisfies } = createRequire(import.meta.url)('semver') as {
  readonly satisfies: (version: string, range: string) => boolean;
};
const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

/** `20.19` of `>=20.19`. */
const lowest: string = readJson('package.json').engines.node.replace('>=', '');

it('every package that is installed with this one takes the lowest Node that it promises', () => {
  const packages = Object.entries<Package>(readJson('package-lock.json').packages);
  const refusing = packages
    .filter(([, { dev, engines }]) => dev !== true && !satisfies(`${lowest}.0`, engines?.node ?? '*'))
    .map(([path, { engines }]) => `${path} needs ${engines?.node}`);
  expect(refusing).toEqual([]);
});

it.each(['README.md', 'docs/install.md'])('%s names that Node', (page) => {
  expect(readPage(page)).toContain(`Node ${lowest} or later`);
});

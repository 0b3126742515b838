import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { blocksBy, idleExceptions, otherFiles } from '../support/doc-blocks.js';
import { root } from '../support/fixtures.js';

it.each([
  ['commands', 'test/docs/commands.extended.ts'],
  ['servers', 'test/docs/servers.extended.ts'],
  ['programs', 'test/docs/programs.extended.ts'],
  ['pages', 'test/docs/pages.extended.ts'],
] as const)('blocks that are %s are run by %s', (by, file) => {
  expect(blocksBy(by).length).toBeGreaterThan(2);
  expect(readFileSync(join(root, file), 'utf8')).toContain(`blocksBy('${by}')`);
});

it('no exception is left of a block that is gone, or of a file', () => {
  expect(idleExceptions()).toEqual([]);
  expect(otherFiles().filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

it('few blocks are run by nobody', () => {
  expect(blocksBy('nobody').map(({ page }) => page)).toEqual(['docs/development.md', 'docs/gpu.md']);
});

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';

it('a model is replaced in every way under load, and no request is lost', () => {
  const bench = join(root, 'dist/bench/reload.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '--seconds', '6', 'batches'], {
    encoding: 'utf8',
  });
  // What was lost is told there.
  expect(`${stdout}${stderr}`).toMatch(/^ok {4}requests that were lost: 0$/m);
  expect(status).toBe(0);
}, 180_000);

import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixture } from '../support/fixtures.js';
import { main } from '../support/nmode.js';

const full = '/dev/full';

/** Its exit code, where what it prints goes there; a reader that leaves takes nothing. */
async function exitCode(args: readonly string[], stdio: StdioOptions): Promise<number | null> {
  const child = spawn(process.execPath, [main, ...args], { stdio });
  child.stdout?.destroy();
  child.stderr?.destroy();
  const [code] = await once(child, 'exit');
  return code;
}

(existsSync(full) ? describe : describe.skip)('what nobody can be told changes no exit code', () => {
  let disk = 0;
  beforeAll(() => {
    disk = openSync(full, 'w');
  });
  afterAll(() => closeSync(disk));

  it.each([
    ['a bad file', ['inspect', fixture('images', 'ISIC_0000082.jpg')], 3],
    ['wrong usage', ['inspect'], 2],
    ['what is done', ['--help'], 0],
  ])('of %s', async (_, args, code) => {
    const streams = [
      ['ignore', 'pipe', 'pipe'],
      ['ignore', 'pipe', disk],
      ['ignore', disk, disk],
    ] satisfies StdioOptions[];
    const codes = await Promise.all(streams.map((stdio) => exitCode(args, stdio)));
    // Where all was done, and what was asked for could not be given, that is the failure.
    expect(codes).toEqual([code, code, code || 4]);
  });
});

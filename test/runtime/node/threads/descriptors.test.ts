import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from '@jest/globals';
import { root } from '../../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-descriptors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts threads with none to `most` descriptors that are free, and prints why each was lost. */
const PROGRAM = `
  import { closeSync, openSync } from 'node:fs';
  const { startThread } = await import(process.argv[2]);
  await startThread('session-thread', 'x').close();
  for (let free = 0; free < 12; free++) {
    const held = [];
    try { for (;;) held.push(openSync('/dev/null')); } catch {}
    for (const file of held.splice(0, free)) closeSync(file);
    const thread = startThread('session-thread', 'the session');
    await thread.call('open', {}).catch(({ message }) => thread.alive || console.log(message));
    for (const file of held) closeSync(file);
    await thread.close();
  }
  process.exit();`;

it('a thread that cannot begin without file descriptors says so in words', () => {
  const module = pathToFileURL(join(root, 'dist/runtime/node/threads/thread.js')).href;
  const program = join(folder, 'program.mjs');
  writeFileSync(program, PROGRAM);
  const limited = 'ulimit -n 80; exec "$@"';
  const { stdout } = spawnSync('bash', ['-c', limited, 'bash', process.execPath, program, module], {
    encoding: 'utf8',
  });
  const lost = stdout.trim().split('\n');
  expect(lost.length).toBeGreaterThan(3);
  for (const line of lost) expect(line).toMatch(/^a thread of the session was lost: .*too many open files/);
  expect(lost.some((line) => line.includes('Worker initialization failure: '))).toBe(true);
});

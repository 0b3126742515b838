import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { root } from '../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-interruption-'));
afterAll(() => rmSync(folder, { recursive: true }));

const half = join(folder, 'half-written');
const built = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/** What a process comes to whose work is interrupted; `work` has a thread, and the signal. */
function interrupted(work: string, ...signals: readonly string[]) {
  const file = join(folder, 'script.mjs');
  writeFileSync(half, '');
  writeFileSync(
    file,
    `import { interruptible, leave } from ${built('src/cli/interruption.js')};
    import { unfinished } from ${built('src/files/unfinished.js')};
    import { startThread } from ${built('runtime/node/threads/thread.js')};
    unfinished.add(${JSON.stringify(half)});
    const thread = startThread('../../../../test/support/fragile-thread', 'the test');
    await thread.call('echo', 1);
    const raise = (names) => names.forEach((name) => process.kill(process.pid, name));
    const never = new Promise(() => setInterval(() => {}, 1000));
    try {
      await interruptible(async (signal) => {
        setTimeout(raise, 20, ${JSON.stringify(signals)});
        ${work}
      });
    } catch (error) {
      console.log(error.code);
      leave();
    }`,
  );
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ stderr, left: existsSync(half) }).toEqual({ stderr: '', left: false });
  return { status, signal, stdout };
}

describe.each(['SIGINT', 'SIGTERM'])('work that %s interrupts', (name) => {
  it('cleans up, and the process ends with 130', () => {
    const work = `
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      await aborted;
      console.log('cleaned up');
      signal.throwIfAborted();`;
    const stdout = 'cleaned up\nINTERRUPTED\n';
    expect(interrupted(work, name)).toEqual({ status: 130, signal: null, stdout });
  });

  it('in the middle of a run that does not end is left, by the signal itself', () => {
    const work = `thread.call('block', undefined); await never;`;
    expect(interrupted(work, name)).toEqual({ status: null, signal: 'SIGINT', stdout: 'INTERRUPTED\n' });
  });
});

it('work that goes on regardless is left', () => {
  expect(interrupted('await never;', 'SIGINT')).toEqual({
    status: 130,
    signal: null,
    stdout: 'INTERRUPTED\n',
  });
});

it('a second signal waits for nothing, and leaves nothing either', () => {
  const work = 'signal.onabort = () => setTimeout(raise, 0, ["SIGINT"]); await never;';
  expect(interrupted(work, 'SIGINT')).toEqual({ status: 130, signal: null, stdout: '' });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ALLOCATOR, runWithAllocator } from '../../src/cli/allocator.js';
import { fixture } from '../support/fixtures.js';
import { main } from '../support/nmode.js';

type Given = NonNullable<Parameters<typeof runWithAllocator>[0]>;

/** What a process that can replace itself is replaced by. */
async function replacedBy(changes: Partial<Given> = {}): Promise<readonly unknown[]> {
  const calls: unknown[] = [];
  await runWithAllocator({
    platform: 'linux',
    env: { PATH: '/bin' },
    execPath: '/bin/node',
    execArgv: ['--no-warnings'],
    argv: ['/bin/node', '/nmode', 'serve', 'a b.onnx'],
    execve: (...call: unknown[]) => calls.push(call) as never,
    ...changes,
  });
  return calls;
}

describe('a server whose allocator is told what to give back', () => {
  it('replaces itself, with the same arguments', async () => {
    expect(await replacedBy()).toEqual([
      [
        '/bin/node',
        ['/bin/node', '--no-warnings', '/nmode', 'serve', 'a b.onnx'],
        { PATH: '/bin', ...ALLOCATOR },
      ],
    ]);
  });

  it.each<[string, Partial<Given>]>([
    ['another says it already', { env: { MALLOC_MMAP_THRESHOLD_: '1' } }],
    ['it would lose the channel to its parent', { connected: true }],
    ['there is no glibc', { platform: 'darwin' }],
  ])('goes on as it is where %s', async (_, changes) => {
    expect(await replacedBy(changes)).toEqual([]);
  });

  it('goes on as it is where it may not be replaced', async () => {
    const execve = () => {
      throw new Error('Access to this API has been restricted');
    };
    expect(await replacedBy({ execve })).toEqual([]);
  });

  const [isLinux, replaces] = [process.platform === 'linux', 'execve' in process];
  (isLinux && replaces ? it : it.skip)('is the process that was started', async () => {
    const { server, end } = await started();
    try {
      expect(server.pid).toBe(server.started.pid);
      expect(allocatorOf(server.pid)).toContain('MALLOC_MMAP_THRESHOLD_=131072');
    } finally {
      await end('SIGTERM');
    }
  });

  (isLinux && !replaces ? describe : describe.skip)('is a child of the process that was started', () => {
    it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('and ends with it on %s', async (signal) => {
      const { server, end } = await started();
      expect(server.pid).not.toBe(server.started.pid);
      expect(allocatorOf(server.pid)).toContain('MALLOC_MMAP_THRESHOLD_=131072');
      expect(await end(signal)).toEqual(signal === 'SIGKILL' ? [null, signal] : [0, null]);
      // The child's end of standard error closes with it.
      await server.gone;
    });

    it('which ends as the child does', async () => {
      const { server } = await started();
      const ended = once(server.started, 'exit');
      process.kill(server.pid, 'SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
    });
  });
});

const allocatorOf = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');

/** A server that a process of its own was started for, and how to end that. */
async function started() {
  const { MALLOC_MMAP_THRESHOLD_: _, ...env } = process.env;
  const model = fixture('foreign', 'unet.onnx');
  const child = spawn(process.execPath, [main, 'serve', model, '--port', '0'], { env });
  const gone = once(child.stderr, 'close');
  const [line] = await once(child.stderr.setEncoding('utf8'), 'data');
  const pid = Number(/"pid":(\d+)/.exec(String(line))?.[1]);
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit');
    child.kill(signal);
    return ended;
  };
  return { server: { started: child, pid, gone }, end };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ALLOCATOR, tellAllocator } from '../../src/cli/allocator.js';
import { fixture } from '../support/fixtures.js';
import { main } from '../support/nmode.js';

type Given = NonNullable<Parameters<typeof tellAllocator>[0]>;

/** What a process that can replace itself is replaced by. */
function replacedBy(changes: Partial<Given> = {}): readonly unknown[] {
  const calls: unknown[] = [];
  tellAllocator({
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
  it('replaces itself, with the same arguments', () => {
    expect(replacedBy()).toEqual([
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
  ])('goes on as it is where %s', (_, changes) => {
    expect(replacedBy(changes)).toEqual([]);
  });

  it('goes on as it is where it may not be replaced', () => {
    const execve = () => {
      throw new Error('Access to this API has been restricted');
    };
    expect(() => replacedBy({ execve })).not.toThrow();
  });

  const replaces = process.platform === 'linux' && 'execve' in process;
  (replaces ? it : it.skip)('is the process that was started', async () => {
    const { MALLOC_MMAP_THRESHOLD_: _, ...env } = process.env;
    const model = fixture('foreign', 'unet.onnx');
    const child = spawn(process.execPath, [main, 'serve', model, '--port', '0'], { env });
    try {
      const [line] = await once(child.stderr.setEncoding('utf8'), 'data');
      expect(line).toContain(`"pid":${child.pid}`);
      const told = readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0');
      expect(told).toContain('MALLOC_MMAP_THRESHOLD_=131072');
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });
});

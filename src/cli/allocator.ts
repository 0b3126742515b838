import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * The setting of glibc's allocator: blocks from 128 KiB on have pages of their own, which the system gets back when they are
 * freed. Left to itself, glibc raises that bound to the size of what was freed last (up to 32 MiB), and then each thread keeps
 * the most that it ever held: images, tensors and models that are replaced take memory for good.
 */
export const ALLOCATOR = Object.freeze({ MALLOC_MMAP_THRESHOLD_: String(2 ** 17) });

/** Says to a process that it is the child of one that waits for it. */
const CHILD = 'NMODE_CHILD';

/** What there is of `process` (`execve` from Node 22.15 on, in its main thread and not on Windows). */
type Replaceable = Pick<NodeJS.Process, 'platform' | 'env' | 'execPath' | 'execArgv' | 'argv'> & {
  readonly connected?: boolean;
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): never;
};

/**
 * Has this command done by a process whose allocator has that setting (Linux), since glibc asks only when a process starts: one
 * of the same number and arguments takes the place of this one, or, where Node cannot do that, a child does its work.
 * @returns false where this process is to do it: the environment says it already; a channel to the process that started this one would be
 * lost; no other may be started. True once a child has done it
 */
export async function runWithAllocator(current: Replaceable = process): Promise<boolean> {
  const { platform, env, execPath, execArgv, argv, connected = false } = current;
  const [name] = Object.keys(ALLOCATOR);
  if (platform !== 'linux' || connected || name === undefined || env[name] !== undefined) return false;
  const args = [...execArgv, ...argv.slice(1)];
  const childEnv = { ...env, ...ALLOCATOR };
  if (current.execve === undefined) return doneByChild(execPath, args, childEnv);
  try {
    current.execve(execPath, [execPath, ...args], childEnv);
  } catch {
    // Not permitted (`node --permission`): it takes more memory, no more.
  }
  return false;
}

/** It ends as the child does. One signal ends the child by closing its channel; what follows is passed on. */
async function doneByChild(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(file, args, {
    env: { ...env, [CHILD]: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const passOn = (signal: NodeJS.Signals) => {
    if (child.connected) child.disconnect();
    else child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  try {
    if (!(await hasSpawned(child))) return false;
    await once(child, 'exit');
  } finally {
    for (const signal of SIGNALS) process.off(signal, passOn);
  }
  const { exitCode, signalCode } = child;
  if (signalCode !== null) process.kill(process.pid, signalCode);
  process.exitCode = exitCode ?? undefined;
  return true;
}

const hasSpawned = (child: ChildProcess): Promise<boolean> =>
  once(child, 'spawn').then(
    () => true,
    () => false,
  );

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Tells when this process is to end with the one whose work it does. */
export function onOrphaned(end: () => void): void {
  if (process.env[CHILD] === undefined || process.channel === undefined) return;
  process.once('disconnect', end);
  process.channel?.unref();
}

/**
 * What glibc's allocator is told: blocks from 128 KiB on have pages of their own, which the system gets back when they are
 * freed. Left to itself, glibc raises that bound to the size of what was freed last (up to 32 MiB), and then each thread keeps
 * the most that it ever held: images, tensors and models that are replaced take memory for good.
 */
export const ALLOCATOR = Object.freeze({ MALLOC_MMAP_THRESHOLD_: String(2 ** 17) });

/** What there is of `process` (`execve` from Node 22.15 on, in its main thread and not on Windows). */
type Replaceable = Pick<NodeJS.Process, 'platform' | 'env' | 'execPath' | 'execArgv' | 'argv'> & {
  readonly connected?: boolean;
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): never;
};

/**
 * Replaces the process by one of the same number and arguments whose allocator is told that (Linux): glibc asks only when a process
 * starts. Returns where nothing is to be done or can be: the environment says it already; Node cannot; a channel to the
 * process that started this one would be lost.
 */
export function tellAllocator(current: Replaceable = process): void {
  const { platform, env, execPath, execArgv, argv, connected = false } = current;
  const [name] = Object.keys(ALLOCATOR);
  if (platform !== 'linux' || connected || name === undefined || env[name] !== undefined) return;
  try {
    current.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, ...ALLOCATOR });
  } catch {
    // Not permitted (`node --permission`): it takes more memory, no more.
  }
}

import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

/** What Linux control groups allow; undefined where they set no limit or are not there. */
export interface GroupLimits {
  readonly cores: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A folder and those above it: every group on the way may set a limit. */
function upwards(path: string): readonly string[] {
  const parts = path.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, i) => parts.slice(0, parts.length - i).join('/'));
}

/** The path of this process's group, by controller ('' for version 2). */
function groupPaths(root: string): ReadonlyMap<string, string> {
  const lines = (read(join(root, 'proc/self/cgroup')) ?? '').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      return controllers.split(',').map((controller) => [controller, path] as const);
    }),
  );
}

function smallest(values: readonly number[]): number | undefined {
  const limits = values.filter((value) => value > 0 && Number.isFinite(value));
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/**
 * Reads the limits of control groups, version 2 and 1; at least all memory is how they say that there is none.
 * @param root of the file system, for tests
 */
export function groupLimits(root = '/'): GroupLimits {
  const paths = groupPaths(root);
  const files = (controller: string, name: string) => {
    const mount = join(root, 'sys/fs/cgroup', controller);
    return upwards(paths.get(controller) ?? '').map((path) => read(join(mount, path, name)));
  };
  const periods = files('cpu', 'cpu.cfs_period_us');
  const cores = [
    ...files('', 'cpu.max').map((text = '') => quotient(text.split(' '))),
    ...files('cpu', 'cpu.cfs_quota_us').map((quota, group) => quotient([quota, periods[group]])),
  ];
  const memory = [...files('', 'memory.max'), ...files('memory', 'memory.limit_in_bytes')].map(Number);
  return { cores: smallest(cores), memory: smallest(memory.filter((bytes) => bytes < totalmem())) };
}

function quotient([quota, period]: readonly (string | undefined)[]): number {
  return Number(quota) / Number(period);
}

/**
 * Bytes of memory that this process may use: the machine's, no more than its group's, and no more than those of the groups above, which
 * Node does not look at: a scheduler limits a job, and its steps are groups in that.
 */
export function usableMemory(limits: GroupLimits = groupLimits()): number {
  const own = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), own, limits.memory ?? Number.POSITIVE_INFINITY);
}

/** Cores that this process may use: those of its affinity, and no more than its group's share, at least one. */
export function usableCores(limits: GroupLimits = groupLimits()): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(limits.cores ?? Number.POSITIVE_INFINITY)));
}

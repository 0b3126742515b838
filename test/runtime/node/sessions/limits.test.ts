import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { groupLimits, usableCores, usableMemory } from '../../../../runtime/node/sessions/limits.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-limits-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The root of a file system with these files. */
function rootOf(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }
  return join(folder, name);
}

describe('limits of control groups', () => {
  it('version 2: the smallest share on the way to the root', () => {
    const root = rootOf('v2', {
      'proc/self/cgroup': '0::/box/job',
      'sys/fs/cgroup/box/job/cpu.max': 'max 100000',
      'sys/fs/cgroup/box/cpu.max': '150000 100000',
      'sys/fs/cgroup/box/job/memory.max': '536870912',
      'sys/fs/cgroup/box/memory.max': 'max',
    });
    expect(groupLimits(root)).toEqual({ cores: 1.5, memory: 536870912 });
  });

  it('version 2 in a container, which sees its own group as the root', () => {
    const root = rootOf('container', { 'proc/self/cgroup': '0::/', 'sys/fs/cgroup/cpu.max': '50000 100000' });
    expect(groupLimits(root)).toEqual({ cores: 0.5, memory: undefined });
  });

  it('version 1: quota over period, and memory', () => {
    const root = rootOf('v1', {
      'proc/self/cgroup': '4:memory:/job\n1:cpu,cpuacct:/job\n0::/',
      'sys/fs/cgroup/cpu/job/cpu.cfs_quota_us': '200000',
      'sys/fs/cgroup/cpu/job/cpu.cfs_period_us': '100000',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
      'sys/fs/cgroup/memory/job/memory.limit_in_bytes': '1073741824',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    });
    expect(groupLimits(root)).toEqual({ cores: 2, memory: 1073741824 });
  });

  it('none, where there are no groups', () => {
    expect(groupLimits(join(folder, 'nowhere'))).toEqual({ cores: undefined, memory: undefined });
  });
});

it('usable cores and memory are never more than there are, and half a core is one', () => {
  expect(usableCores({ cores: 0.5, memory: undefined })).toBe(1);
  expect(usableCores({ cores: 1e6, memory: undefined })).toBe(availableParallelism());
  expect(usableMemory({ cores: undefined, memory: 1000 })).toBe(1000);
});

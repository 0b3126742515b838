import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { groupLimits, usableCores, usableMemory } from '../../../../runtime/node/sessions/limits.js';
import { root } from '../../../support/fixtures.js';

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
    const system = rootOf('v2', {
      'proc/self/cgroup': '0::/box/job',
      'sys/fs/cgroup/box/job/cpu.max': 'max 100000',
      'sys/fs/cgroup/box/cpu.max': '150000 100000',
      'sys/fs/cgroup/box/job/memory.max': '536870912',
      'sys/fs/cgroup/box/memory.max': 'max',
    });
    expect(groupLimits(system)).toEqual({ cores: 1.5, memory: 536870912 });
  });

  it('version 2 in a container, which sees its own group as the root', () => {
    const system = rootOf('container', {
      'proc/self/cgroup': '0::/',
      'sys/fs/cgroup/cpu.max': '50000 100000',
    });
    expect(groupLimits(system)).toEqual({ cores: 0.5, memory: undefined });
  });

  it('version 1: quota over period, and memory', () => {
    const system = rootOf('v1', {
      'proc/self/cgroup': '4:memory:/job\n1:cpu,cpuacct:/job\n0::/',
      'sys/fs/cgroup/cpu/job/cpu.cfs_quota_us': '200000',
      'sys/fs/cgroup/cpu/job/cpu.cfs_period_us': '100000',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
      'sys/fs/cgroup/memory/job/memory.limit_in_bytes': '1073741824',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    });
    expect(groupLimits(system)).toEqual({ cores: 2, memory: 1073741824 });
  });

  it('a limit of at least all memory is none', () => {
    const system = rootOf('wide', {
      'proc/self/cgroup': '0::/job',
      'sys/fs/cgroup/job/memory.max': String(totalmem()),
    });
    expect(groupLimits(system).memory).toBeUndefined();
  });

  it('none, where there are no groups', () => {
    expect(groupLimits(join(folder, 'nowhere'))).toEqual({ cores: undefined, memory: undefined });
  });
});

/** The folder of this process's group of a kernel's own file system, where groups can be made in it. */
function groupFolder(mount: string, line: RegExp): string | undefined {
  try {
    const [, path = ''] = line.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
    const folder = join(mount, path);
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
    return folder;
  } catch {
    return undefined;
  }
}

const VERSION_1 = groupFolder('/sys/fs/cgroup/memory', /:memory:(.*)$/m);

(VERSION_1 === undefined ? it.skip : it)(
  'a real limit of the group above is seen, of which Node itself knows nothing (version 1)',
  () => {
    const job = join(VERSION_1 ?? '', `nmode-${process.pid}`);
    const step = join(job, 'step');
    mkdirSync(step, { recursive: true });
    try {
      writeFileSync(join(job, 'memory.limit_in_bytes'), String(2 ** 30));
      const module = join(root, 'dist/runtime/node/sessions/limits.js');
      const script = `
        require('fs').writeFileSync(${JSON.stringify(join(step, 'cgroup.procs'))}, String(process.pid));
        import(${JSON.stringify(module)}).then(({ usableMemory }) => console.log(usableMemory()));`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      expect({ stdout, stderr }).toEqual({ stdout: `${2 ** 30}\n`, stderr: '' });
    } finally {
      rmdirSync(step);
      rmdirSync(job);
    }
  },
);

it('usable cores and memory are never more than there are, and half a core is one', () => {
  expect(usableCores({ cores: 0.5, memory: undefined })).toBe(1);
  expect(usableCores({ cores: 1e6, memory: undefined })).toBe(availableParallelism());
  expect(usableMemory({ cores: undefined, memory: 1000 })).toBe(1000);
});

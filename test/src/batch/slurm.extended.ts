import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { root } from '../../support/fixtures.js';
import { itOnMachine } from '../../support/on-machine.js';

itOnMachine(
  ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged'],
  'Slurm is not run: it needs slurm-wlm (Debian), and root of a machine to start its daemons',
)(
  'an array of Slurm, of which one task is killed and requeued, gives the files of a single run',
  () => {
    const { status, stdout, stderr } = spawnSync('bash', [join(root, 'test/slurm.sh')], { encoding: 'utf8' });
    expect(status === 0 ? '' : stdout + stderr).toBe('');
    expect(stdout).toMatch(/task 3 was killed when [1-7] of 8 images were done/);
    expect(stdout).toMatch(/of a single run, byte for byte: 65 files/);
  },
  300_000,
);

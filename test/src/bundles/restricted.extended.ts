import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { root } from '../../support/fixtures.js';
import { itOnMachine } from '../../support/on-machine.js';

itOnMachine(
  ['/usr/bin/systemd-analyze', '/usr/bin/setpriv', '/usr/bin/unshare', '/usr/bin/python3'],
  'The unit is not run: it needs systemd-analyze, setpriv, unshare, python3, and root that may make namespaces',
)(
  'under what the unit of systemd restricts, a request is answered',
  () => {
    const run = spawnSync('bash', [join(root, 'test/restricted.sh')], { encoding: 'utf8' });
    expect(run.status === 0 ? '' : run.stdout + run.stderr).toBe('');
    expect(run.stdout).toMatch(/CapEff:\s0{16}\n[\s\S]*NoNewPrivs:\s1\nSeccomp:\s2\n/);
  },
  120_000,
);

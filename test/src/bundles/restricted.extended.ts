import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from '../../support/fixtures.js';
import { mayMakeNamespaces } from '../../support/own-namespaces.js';

const tools = ['/usr/bin/systemd-analyze', '/usr/bin/setpriv', '/usr/bin/unshare', '/usr/bin/python3'];
const here = tools.every((path) => existsSync(path));
if (!(here && mayMakeNamespaces))
  process.stderr.write(
    'The unit is not run: it needs systemd-analyze, setpriv, unshare, python3, and root that may make namespaces\n',
  );

(mayMakeNamespaces && (here || process.env.CI) ? it : it.skip)(
  'under what the unit of systemd restricts, a request is answered',
  () => {
    const run = spawnSync('bash', [join(root, 'test/restricted.sh')], { encoding: 'utf8' });
    expect(run.status === 0 ? '' : run.stdout + run.stderr).toBe('');
    expect(run.stdout).toMatch(/CapEff:\s0{16}\n[\s\S]*NoNewPrivs:\s1\nSeccomp:\s2\n/);
  },
  120_000,
);

import { spawnSync } from 'node:child_process';

/** Whether this is root of a machine, and not of a container that may make no namespaces. */
export const mayMakeNamespaces =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'mount', '--make-rprivate', '/'])
    .status === 0;

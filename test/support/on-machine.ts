import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { it } from '@jest/globals';

/** Whether this is root of a machine, and not of a container that may make no namespaces. */
const mayMakeNamespaces = () =>
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'mount', '--make-rprivate', '/'])
    .status === 0;

/**
 * `it` for what needs programs and root of a machine; elsewhere it is skipped, with a line that says why. CI installs the programs.
 * @param needed what is missing, in words
 */
export function itOnMachine(programs: readonly string[], needed: string) {
  const [isHere, isMachine] = [programs.every((path) => existsSync(path)), mayMakeNamespaces()];
  if (!(isHere && isMachine)) process.stderr.write(`${needed}\n`);
  return isMachine && (isHere || process.env.CI) ? it : it.skip;
}

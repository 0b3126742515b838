import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './fixtures.js';

export const main = join(root, 'dist/src/cli/main.js');

/** Runs the built command. */
export function nmode(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Runs it with something on standard input; what it writes comes as bytes. */
export function pipeNmode(input: Uint8Array, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input });
  return { status, stdout, stderr: stderr.toString() };
}

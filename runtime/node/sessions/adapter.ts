import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NmodeError } from '../../../graph/common/errors.js';
import { threadUrl } from '../threads/thread-url.js';

/** Milliseconds; drivers in software take seconds. */
const PATIENCE = 60_000;

let trial: Promise<void> | undefined;

/**
 * Looks, once, whether WebGPU finds a graphics card that it can use, in a process of its own (Linux): what Dawn and the drivers
 * print on standard error where it cannot is lost there, and a driver that crashes takes nothing else with it.
 * @throws NmodeError (CANNOT_RUN)
 */
export function findAdapter(): Promise<void> {
  if (process.platform !== 'linux') return Promise.resolve();
  trial ??= new Promise((resolve, reject) => {
    const child = fileURLToPath(threadUrl('adapter-child'));
    execFile(process.execPath, [child], { timeout: PATIENCE }, (error, stdout) => {
      if (error === null) return resolve();
      const how = error.signal == null ? `exit code ${error.code}` : error.signal;
      reject(new NmodeError('CANNOT_RUN', stdout || `the process that tried it ended (${how})`));
    });
  });
  return trial;
}

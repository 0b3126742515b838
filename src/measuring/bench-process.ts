import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer } from '../../runtime/threads/protocol.js';
import { Thread } from '../../runtime/threads/thread.js';
import type { BenchMethods } from './bench-child.js';

const CHILD = fileURLToPath(new URL('./bench-child.js', import.meta.url));

/** A process of its own whose methods are called from here; closing it ends it. */
export type BenchProcess = Thread<BenchMethods>;

/** @param owner what messages call it */
export function startProcess(owner: string): BenchProcess {
  return new Thread<BenchMethods>(({ answered, lost }) => {
    const child = fork(CHILD, {
      execArgv: [],
      // A terminal's Ctrl-C reaches this process alone, which ends the others.
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const died = (how: string) => lost(`the process that ran it ${how}`);
    child.on('message', (answer) => answered(answer as Answer));
    child.on('error', (error) => died(`failed: ${error.message}`));
    child.on('exit', (code, signal) => died(`ended (${signal ?? `exit code ${code}`})`));
    return {
      post: (request) => void child.send(request, () => {}),
      end: async () => {
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
        // It holds nothing that is worth a farewell, and may be in the middle of a run.
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }, owner);
}

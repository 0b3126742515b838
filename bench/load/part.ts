import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './client.js';
import type { HostileTask, Met } from './hostile.js';
import type { MixTask } from './mix.js';
import type { ProbeTask } from './probe.js';

/** A part of a benchmark that has a process of its own, so that neither the server nor another part holds it up. */
export interface Part<Result> {
  /** Tells it to end, and gives what it found. */
  end(): Promise<Result>;
}

/** What the parts are told and what they find, by the modules that they are in. */
interface Parts {
  readonly mix: readonly [MixTask, readonly Outcome[]];
  readonly probe: readonly [ProbeTask, readonly Outcome[]];
  readonly hostile: readonly [HostileTask, readonly Met[]];
}

/**
 * Starts a part, once its process is ready.
 * @param niceness 0 to 19, beyond that of this process: a server that shares its cores with what loads it should come first
 */
export async function startPart<Name extends keyof Parts>(
  name: Name,
  task: Parts[Name][0],
  niceness = 0,
): Promise<Part<Parts[Name][1]>> {
  const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const child = fork(path, [String(niceness)], { serialization: 'advanced' });
  const early = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${name} ended early: ${signal ?? code}`);
  });
  // Whoever ends the part is told; until then it is no unhandled rejection.
  early.catch(() => {});
  await Promise.race([once(child, 'message'), early]);
  const result = once(child, 'message').then(([found]) => found as Parts[Name][1]);
  child.send(task);
  return {
    end: () => {
      if (child.connected) child.send('end');
      return Promise.race([result, early]);
    },
  };
}

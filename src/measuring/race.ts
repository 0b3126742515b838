import { onAbort } from '../../runtime/common/abort.js';
import type { ProviderChoice } from '../../runtime/node/sessions/providers.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import { Contestant } from './bench-contestant.js';
import type { BenchModel } from './bench-model.js';
import { type BenchProcess, startProcess } from './bench-process.js';

/** Starts a process. @param owner what messages call it */
export type Start = (owner: string) => BenchProcess;

/** Lends processes, which end with the work, or at once where the signal says so. @throws the signal's reason */
export async function inProcesses<T>(
  signal: AbortSignal | undefined,
  work: (start: Start) => Promise<T>,
): Promise<T> {
  const processes: BenchProcess[] = [];
  const start = (owner: string) => {
    signal?.throwIfAborted();
    const started = startProcess(owner);
    processes.push(started);
    return started;
  };
  const forget =
    signal &&
    onAbort(signal, () => {
      for (const each of processes) each.abandon(signal.reason);
    });
  try {
    return await work(start);
  } finally {
    forget?.();
    await Promise.all(processes.map((each) => each.close()));
  }
}

export interface Race {
  readonly providers: readonly ProviderChoice[];
  readonly session: Pick<SessionOptions, 'strict' | 'threads'> & { readonly workers: number };
  /** Measured runs per model. */
  readonly runs: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Runs in a row before the next model's turn, of each worker. */
const TURN = 4;

/** Loads every model on each provider, in a process of its own, and runs them in turn, round by round. */
export async function race(
  models: readonly BenchModel[],
  { providers, session, runs, onProgress }: Race,
  start: Start,
): Promise<readonly Contestant[]> {
  const contestants: Contestant[] = [];
  for (const model of models) {
    for (const choice of providers) {
      contestants.push(await Contestant.open(model, { ...session, providers: choice }, start(model.name)));
    }
  }
  const perTurn = TURN * session.workers;
  for (let done = 0; done < runs; done += perTurn) {
    onProgress?.(done, runs);
    for (const each of contestants) await each.run(Math.min(perTurn, runs - done));
  }
  onProgress?.(runs, runs);
  return contestants;
}

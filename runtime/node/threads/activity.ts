import { setTimeout } from 'node:timers/promises';

/** Numbers that a thread shares with the main one: how many calls it works on, and whether it is to begin no more. */
const [BUSY, STOPPING] = [0, 1];

export type Activity = Int32Array<SharedArrayBuffer>;

export function newActivity(): Activity {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** To be called by a thread before it works on a call; false where it is not to. */
export function begin(activity: Activity): boolean {
  // In this order: who asks it to stop, and then finds it idle, can rely on that.
  Atomics.add(activity, BUSY, 1);
  if (Atomics.load(activity, STOPPING) === 0) return true;
  end(activity);
  return false;
}

/** To be called by a thread when a call has been answered. */
export function end(activity: Activity): void {
  Atomics.sub(activity, BUSY, 1);
  Atomics.notify(activity, BUSY);
}

const live = new Set<Activity>();

/** How long the end of a process, or of a thread that is given up, waits for runs under way, in milliseconds. */
const PATIENCE = 10_000;

const waitForAll = () => void quiet(PATIENCE);

/**
 * Has the process wait for a thread when it ends: onnxruntime aborts where its thread is torn down in the middle of a run.
 * @returns a function to be called when the thread is gone
 */
export function waitAtExit(activity: Activity): () => void {
  if (live.size === 0) process.on('exit', waitForAll);
  live.add(activity);
  return () => {
    // It may have ended in the middle of a call.
    Atomics.store(activity, BUSY, 0);
    live.delete(activity);
    if (live.size === 0) process.off('exit', waitForAll);
  };
}

/**
 * Has all threads begin nothing more, and waits for what they are at. It blocks the thread that it is called in.
 * @param patience in milliseconds
 * @returns whether all of them are idle
 */
export function quiet(patience: number): boolean {
  const deadline = Date.now() + patience;
  for (const activity of live) Atomics.store(activity, STOPPING, 1);
  for (const activity of live) {
    for (let busy = Atomics.load(activity, BUSY); busy > 0; busy = Atomics.load(activity, BUSY)) {
      const left = Math.max(0, deadline - Date.now());
      if (Atomics.wait(activity, BUSY, busy, left) === 'timed-out') return false;
    }
  }
  return true;
}

/** The same of one thread, without blocking, and for as long as the end of a process would wait. */
export async function idle(activity: Activity): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  Atomics.store(activity, STOPPING, 1);
  while (Atomics.load(activity, BUSY) > 0 && Date.now() < deadline) await setTimeout(POLL);
}

/** Milliseconds between looks at a thread that is to end. */
const POLL = 10;

/** Numbers that a thread shares with the main one: how many calls it works on, and whether it is to begin no more. */
const [BUSY, STOPPING] = [0, 1];

export type Activity = Int32Array<SharedArrayBuffer>;

export function newActivity(): Activity {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** To be called by a thread before it works on a call; false where it is not to. */
export function begin(activity: Activity): boolean {
  if (Atomics.load(activity, STOPPING) !== 0) return false;
  Atomics.add(activity, BUSY, 1);
  return true;
}

/** To be called by a thread when a call has been answered. */
export function end(activity: Activity): void {
  Atomics.sub(activity, BUSY, 1);
  Atomics.notify(activity, BUSY);
}

/** How long the end of a process waits for a run under way. */
const PATIENCE = 10_000;

const live = new Set<Activity>();

/**
 * Has the process wait for a thread when it ends: onnxruntime aborts where its thread is torn down in the middle of a run.
 * @returns a function to be called when the thread is gone
 */
export function waitAtExit(activity: Activity): () => void {
  if (live.size === 0) process.on('exit', waitForAll);
  live.add(activity);
  return () => {
    live.delete(activity);
    if (live.size === 0) process.off('exit', waitForAll);
  };
}

function waitForAll(): void {
  const deadline = Date.now() + PATIENCE;
  for (const activity of live) Atomics.store(activity, STOPPING, 1);
  for (const activity of live) {
    for (let busy = Atomics.load(activity, BUSY); busy > 0; busy = Atomics.load(activity, BUSY)) {
      if (Atomics.wait(activity, BUSY, busy, Math.max(0, deadline - Date.now())) === 'timed-out') return;
    }
  }
}

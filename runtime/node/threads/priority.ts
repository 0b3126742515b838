import { getPriority, setPriority } from 'node:os';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const KEY = 'nmode.niceness';
/** A fifteenth of what the thread that started it gets, where both want all of the processor; 19 is the most. */
const [NICENESS, MOST] = [12, 19];

/**
 * Has the threads of nmode that this one starts from now on give way to it, on Linux, where each thread has a priority of its
 * own: a server whose models take all cores must still accept connections and say that it lives.
 */
export function startBehind(): void {
  if (process.platform === 'linux') setEnvironmentData(KEY, NICENESS);
}

/** To be called by a thread that starts; those that a native library starts from it have its priority. */
export function giveWay(): void {
  const niceness = getEnvironmentData(KEY);
  if (niceness === undefined) return;
  try {
    setPriority(Math.min(MOST, getPriority() + Number(niceness)));
  } catch {
    // A sandbox may forbid it: the thread works as well without.
  }
}

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds after which a wait is looked at again. */
const GLANCE = 1000;

/**
 * Starts work at the times of a Poisson process, whose gaps are exponentially distributed, and waits for what it started.
 * @param rate starts a second
 * @param goes whether another may be started
 * @param one the work, told when it was due (`performance.now()`): later than that where this process could not keep up
 */
export async function poisson(
  rate: number,
  goes: () => boolean,
  one: (due: number) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let due = performance.now();
  const wait = () => due - performance.now();
  for (;;) {
    due += (-Math.log(1 - Math.random()) / rate) * 1000;
    // The end may come before the next request is due.
    while (goes() && wait() > 1) await sleep(Math.min(wait(), GLANCE));
    // Answers are taken also where requests are overdue.
    await nextTurn();
    if (!goes()) break;
    const work = one(due).finally(() => underWay.delete(work));
    underWay.add(work);
  }
  await Promise.all(underWay);
}

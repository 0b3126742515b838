import { getPriority, setPriority } from 'node:os';

/** Runs this process as a part, until the signal aborts: the last statement of the part's module. */
export function runPart<Task, Result extends object>(
  body: (task: Task, ending: AbortSignal) => Promise<Result>,
): void {
  setPriority(getPriority() + Number(process.argv[2]));
  const ending = new AbortController();
  process.once('disconnect', () => process.exit());
  process.once('message', async (task) => {
    process.once('message', () => ending.abort());
    const result = await body(task as Task, ending.signal);
    process.send?.(result, () => process.exit());
  });
  process.send?.('ready');
}

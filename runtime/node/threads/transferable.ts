import workerThreads, { type Transferable } from 'node:worker_threads';

/** From Node 21 on; Node 20 copies by itself what cannot be given away. */
type Newer = Partial<typeof workerThreads> & { isMarkedAsUntransferable?(memory: object): boolean };
const { isMarkedAsUntransferable }: Newer = workerThreads;

/** Of memory that is given to another thread what can be: small Buffers are views of memory that Node keeps for many, and are copied. */
export const transferable = (memory: readonly object[]): readonly Transferable[] =>
  memory.filter((each) => isMarkedAsUntransferable?.(each) !== true) as Transferable[];

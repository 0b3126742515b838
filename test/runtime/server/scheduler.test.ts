import { describe, expect, it } from '@jest/globals';
import { Scheduler, type SchedulerOptions } from '../../../runtime/server/scheduler.js';
import type { Session } from '../../../runtime/sessions/session.js';
import type { Inputs, Outputs } from '../../../runtime/sessions/tensors.js';

/** A session that answers when it is told to: order and bounds are what is tested here, not a network. */
class Told implements Session {
  readonly inputs = [];
  readonly outputs = [];
  readonly provider = { requested: ['cpu'], effective: 'cpu', attempts: [] };
  readonly workers = 1;
  readonly threads = 1;
  alive = true;
  readonly runs: { readonly inputs: Inputs; answer(): void; fail(error: Error): void }[] = [];

  run(inputs: Inputs): Promise<Outputs> {
    return new Promise((resolve, reject) => {
      const { dims, data } = inputs.x ?? { dims: [], data: new Float32Array() };
      const answer = () => resolve({ y: { dims, data: Float32Array.from(data) } });
      this.runs.push({ inputs, answer, fail: reject });
    });
  }
  async close(): Promise<void> {
    this.alive = false;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const OPTIONS = { workers: 1, maxQueue: 4, maxBatch: 1, maxDelay: 0 };

async function scheduler(options: Partial<SchedulerOptions> = {}) {
  const sessions: Told[] = [];
  const started = await Scheduler.start(
    async () => {
      const session = new Told();
      sessions.push(session);
      return session;
    },
    { ...OPTIONS, ...options },
  );
  return { scheduler: started, sessions };
}

const one = (value: number) => ({ x: { dims: [1, 1], data: Float32Array.of(value) } });
const tick = () => new Promise((resolve) => setImmediate(resolve));
const values = async (outputs: Promise<Outputs>) => Array.from((await outputs).y?.data ?? []);

/** Answers whatever runs until nothing does. */
async function answerAll(sessions: readonly Told[]): Promise<void> {
  for (let i = 0; i < 20; i++) {
    for (const { runs } of sessions) for (const run of runs.splice(0)) run.answer();
    await tick();
  }
}

describe('the scheduler', () => {
  it('answers in the order in which requests came', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const order: number[] = [];
    const all = [1, 2, 3, 4].map((value) =>
      values(tested.run(one(value))).then(([found = Number.NaN]) => order.push(found)),
    );
    await answerAll(sessions);
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('refuses what does not fit into the queue, at once', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    // Two are with the worker, four wait.
    const accepted = Array.from({ length: 6 }, (_, i) => values(tested.run(one(i))));
    await expect(tested.run(one(7))).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(() => tested.admit(60_000)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    await answerAll(sessions);
    await expect(Promise.all(accepted)).resolves.toHaveLength(6);
  });

  it('refuses what it could not do in time', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxQueue: 100 });
    expect(() => tested.admit(1000)).not.toThrow();
    const accepted = Array.from({ length: 30 }, (_, i) => values(tested.run(one(i))));
    expect(() => tested.admit(1000)).toThrow(/busy: it would take about \d+ ms, and 1000 ms are given/);
    await answerAll(sessions);
    await Promise.all(accepted);
  });

  it('says what was given too little time, whoever else asks', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const accepted = values(tested.run(one(1)));
    expect(() => tested.admit(1)).toThrow(
      expect.objectContaining({
        code: 'DEADLINE',
        message: 'no answer within 1 ms: an image takes about 50 ms',
      }),
    );
    await answerAll(sessions);
    await accepted;
  });

  it('lets run what runs alone, however long others took', async () => {
    const { scheduler: tested } = await scheduler();
    expect(() => tested.admit(1)).not.toThrow();
  });

  it('drops what was aborted while it waited, and answers the others', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const [first, second] = [values(tested.run(one(1))), values(tested.run(one(2)))];
    const stop = new AbortController();
    const aborted = tested.run(one(3), { signal: stop.signal });
    stop.abort(new Error('left'));
    await expect(aborted).rejects.toThrow('left');
    await answerAll(sessions);
    expect(await Promise.all([first, second])).toEqual([[1], [2]]);
    expect(tested.pending).toBe(0);
  });

  it('runs those that wait together, as many as there is room for, and gives each its own', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxBatch: 3, maxQueue: 10 });
    const all = [1, 2, 3, 4, 5].map((value) => values(tested.run(one(value))));
    await tick();
    const [session] = sessions;
    expect(session?.runs.map(({ inputs }) => inputs.x?.dims[0])).toEqual([1]);
    session?.runs.shift()?.answer();
    await tick();
    expect(session?.runs.map(({ inputs }) => inputs.x?.dims[0])).toEqual([3]);
    await answerAll(sessions);
    expect(await Promise.all(all)).toEqual([[1], [2], [3], [4], [5]]);
  });

  it('waits for company only where it comes often enough', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxBatch: 16, maxQueue: 20, maxDelay: 100 });
    const [session] = sessions;
    const rows = () => session?.runs.map(({ inputs }) => inputs.x?.dims[0]);
    const seldom = [values(tested.run(one(1)))];
    await new Promise((resolve) => setTimeout(resolve, 150));
    seldom.push(values(tested.run(one(2))), values(tested.run(one(3))));
    session?.runs.shift()?.answer();
    await tick();
    // They came 150 ms apart, nobody is waited for.
    expect(rows()).toEqual([2]);
    const often = Array.from({ length: 8 }, (_, i) => values(tested.run(one(i))));
    session?.runs.shift()?.answer();
    await tick();
    expect(rows()).toEqual([]);
    while (session?.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(rows()).toEqual([8]);
    await answerAll(sessions);
    await Promise.all([...seldom, ...often]);
  });

  it('a batch leaves the other workers their share', async () => {
    const { scheduler: tested, sessions } = await scheduler({ workers: 2, maxBatch: 8, maxQueue: 10 });
    const all = [1, 2, 3, 4].map((value) => values(tested.run(one(value))));
    await tick();
    sessions[0]?.runs.shift()?.answer();
    await tick();
    expect(sessions[0]?.runs.map(({ inputs }) => inputs.x?.dims[0])).toEqual([1]);
    await answerAll(sessions);
    await Promise.all(all);
  });

  it('a worker that is lost costs its own requests; another takes its place', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxQueue: 10 });
    const [first, second, third] = [1, 2, 3].map((value) => values(tested.run(one(value))));
    await tick();
    const [session] = sessions;
    if (session === undefined) throw new Error('no session');
    session.alive = false;
    for (const run of session.runs.splice(0)) run.fail(new Error('a thread ended'));
    await expect(first).rejects.toThrow('the worker was lost: a thread ended');
    await expect(second).rejects.toThrow('the worker was lost: a thread ended');
    await tick();
    expect(sessions).toHaveLength(2);
    expect(tested.alive).toBe(true);
    await answerAll(sessions);
    expect(await third).toEqual([3]);
  });

  it('closing answers what was accepted and refuses what comes', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const accepted = [1, 2, 3].map((value) => values(tested.run(one(value))));
    const closed = tested.close();
    await expect(tested.run(one(4))).rejects.toThrow('the model is being unloaded');
    await answerAll(sessions);
    await closed;
    expect(await Promise.all(accepted)).toEqual([[1], [2], [3]]);
    expect(tested.alive).toBe(false);
  });
});

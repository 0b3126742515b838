import { describe, expect, it } from '@jest/globals';
import { tooShort } from '../../../../runtime/server/scheduling/refusals.js';
import { RunTimes } from '../../../../runtime/server/scheduling/run-times.js';
import { Scheduler, type SchedulerOptions } from '../../../../runtime/server/scheduling/scheduler.js';
import type { ServedSession } from '../../../../runtime/server/scheduling/workers.js';
import type { FloatOutputs, PlainInputs } from '../../../../runtime/sessions/tensors.js';

/** A session that answers when it is told to: order and bounds are what is tested here, not a network. */
class Hints implements ServedSession {
  readonly inputs = [{ name: 'x', dtype: 'float32', shape: ['N', 1] }];
  readonly outputs = [];
  readonly provider = { requested: ['cpu'], effective: 'cpu', attempts: [] } as const;
  readonly workers = 1;
  readonly threads = 1;
  alive = true;
  readonly runs: { readonly inputs: PlainInputs; answer(): void; fail(error: Error): void }[] = [];

  run(inputs: PlainInputs): Promise<FloatOutputs> {
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

async function scheduler(options: Partial<SchedulerOptions> = {}, took: readonly number[] = [50]) {
  const sessions: Hints[] = [];
  const times = new RunTimes();
  for (const milliseconds of took) times.add(1, milliseconds);
  const started = await Scheduler.start(
    async () => {
      const session = new Hints();
      sessions.push(session);
      return session;
    },
    { ...OPTIONS, ...options },
    times,
  );
  return { scheduler: started, sessions };
}

const one = (value: number) => ({ x: { dims: [1, 1], data: Float32Array.of(value) } });
const tick = () => new Promise((resolve) => setImmediate(resolve));
const values = async (outputs: Promise<FloatOutputs>) => Array.from((await outputs).y?.data ?? []);

/** Answers whatever runs until nothing does. */
async function answerAll(sessions: readonly Hints[]): Promise<void> {
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

  it('answers those first that have waited longest, wherever they did', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const order: number[] = [];
    const now = performance.now();
    const waiting = [0, 0, 0, -20, -10, 10].map((since, index) =>
      values(tested.run(one(index), { since: now + since })).then(() => order.push(index)),
    );
    await answerAll(sessions);
    await Promise.all(waiting);
    // The worker was given the first two before the others came.
    expect(order).toEqual([0, 1, 3, 4, 2, 5]);
  });

  it('counts images that wait elsewhere where it is asked for how long a run takes, and not for room', async () => {
    const { scheduler: tested } = await scheduler();
    expect(() => tested.admit(1000, 0, 10)).not.toThrow();
    expect(() => tested.admit(1000, 0, 30)).toThrow(
      'it would take about 1550 ms, and the deadline is 1000 ms',
    );
  });

  it('refuses what does not fit into the queue, at once', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    // Two are with the worker, four wait.
    const accepted = Array.from({ length: 6 }, (_, i) => values(tested.run(one(i))));
    expect(() => tested.admit(60_000)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    await answerAll(sessions);
    await expect(Promise.all(accepted)).resolves.toHaveLength(6);
  });

  it('counts those that were admitted and are still to come, and rows rather than requests', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    // Two would go to the worker.
    expect(() => tested.admit(60_000, 5)).not.toThrow();
    expect(() => tested.admit(60_000, 6)).toThrow('4 runs are waiting already');
    const rows = (count: number) => ({ x: { dims: [count, 1], data: new Float32Array(count) } });
    const accepted = [1, 1, 3].map((count) => values(tested.run(rows(count))));
    expect(() => tested.admit(60_000)).not.toThrow();
    accepted.push(values(tested.run(rows(1))));
    expect(() => tested.admit(60_000)).toThrow('4 runs are waiting already');
    await answerAll(sessions);
    await Promise.all(accepted);
  });

  it('is not moved by one slow run', async () => {
    const { scheduler: tested, sessions } = await scheduler({}, [20_000, 50]);
    const accepted = values(tested.run(one(1)));
    expect(tested.alone).toBe(50);
    expect(() => tested.admit(1000)).not.toThrow();
    await answerAll(sessions);
    await accepted;
  });

  it('counts what runs already, where one comes that has to wait for it', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const accepted = values(tested.run(one(1)));
    expect(tested.pending).toBe(0);
    expect(() => tested.admit(99)).toThrow(/busy: it would take about 100 ms, and the deadline is 99 ms/);
    expect(() => tested.admit(101)).not.toThrow();
    await answerAll(sessions);
    await accepted;
    expect(() => tested.admit(99)).not.toThrow();
  });

  it('judges nothing by a guess before anything has run', async () => {
    const { scheduler: tested, sessions } = await scheduler({}, []);
    const accepted = [1, 2, 3].map((value) => values(tested.run(one(value))));
    expect(() => tested.admit(1)).not.toThrow();
    await answerAll(sessions);
    await Promise.all(accepted);
  });

  it('says what is too large for its time, while others wait', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const large = { x: { dims: [40, 1], data: new Float32Array(40) } };
    expect(() => tested.checkSize(large, 1000)).not.toThrow();
    const accepted = values(tested.run(one(1)));
    expect(() => tested.checkSize(large, 1000)).toThrow(
      'no response within 1000 ms: 40 images take about 2000 ms',
    );
    await answerAll(sessions);
    await accepted;
  });

  it('refuses what it could not do in time', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxQueue: 100 });
    expect(() => tested.admit(1000)).not.toThrow();
    const accepted = Array.from({ length: 30 }, (_, i) => values(tested.run(one(i))));
    expect(() => tested.admit(1000)).toThrow(/busy: it would take about \d+ ms, and the deadline is 1000 ms/);
    await answerAll(sessions);
    await Promise.all(accepted);
  });

  it('says what was given too little time, whoever else asks', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const accepted = values(tested.run(one(1)));
    expect(() => tested.admit(1)).toThrow(
      expect.objectContaining({
        code: 'DEADLINE',
        message: 'no response within 1 ms: an image takes about 50 ms',
      }),
    );
    await answerAll(sessions);
    await accepted;
  });

  it('says no figures that it does not know, and blames no size for others', () => {
    expect([tooShort(10, 0), tooShort(10, 3), tooShort(10, 50)].map(({ message }) => message)).toEqual([
      'no response within 10 ms',
      'no response within 10 ms: an image takes about 3 ms without others',
      'no response within 10 ms: an image takes about 50 ms',
    ]);
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

  it('runs singly what failed together', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxBatch: 3, maxQueue: 10 });
    const all = [1, 2, 3].map((value) => values(tested.run(one(value))));
    const settled = Promise.allSettled(all);
    await tick();
    const [session] = sessions;
    session?.runs.shift()?.answer();
    await tick();
    expect(session?.runs.map(({ inputs }) => inputs.x?.dims[0])).toEqual([2]);
    session?.runs.shift()?.fail(new Error('no memory'));
    await tick();
    expect(session?.runs.map(({ inputs }) => Array.from(inputs.x?.data ?? []))).toEqual([[2]]);
    session?.runs.shift()?.fail(new Error('this one'));
    await answerAll(sessions);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('replaces a worker that is lost while it is idle', async () => {
    const { scheduler: tested, sessions } = await scheduler();
    const [session] = sessions;
    if (session === undefined) throw new Error('no session');
    session.alive = false;
    expect(tested.alive).toBe(false);
    while (!tested.alive) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sessions).toHaveLength(2);
    await tested.close();
  });

  it('closing runs those that wait for company', async () => {
    const { scheduler: tested, sessions } = await scheduler({ maxBatch: 8, maxQueue: 20, maxDelay: 60_000 });
    // One that runs alone, and a full batch.
    const often = Array.from({ length: 9 }, (_, i) => values(tested.run(one(i))));
    await answerAll(sessions);
    await Promise.all(often);
    const waiting = [1, 2].map((value) => values(tested.run(one(value))));
    const closed = tested.close();
    await answerAll(sessions);
    await closed;
    expect(await Promise.all(waiting)).toEqual([[1], [2]]);
  });

  it('tells of workers that are lost, waits longer after each attempt, and takes nothing meanwhile', async () => {
    const troubles: string[] = [];
    let opened = 0;
    const session = new Hints();
    const tested = await Scheduler.start(
      async () => {
        if (opened++ > 0) throw new Error('no memory');
        return session;
      },
      { ...OPTIONS, onTrouble: (what, why) => troubles.push(`${what}: ${why}`) },
    );
    session.alive = false;
    while (troubles.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(troubles).toEqual([
      'worker lost, another is opened: ',
      'no worker in the place of one that was lost: no memory',
      'no worker in the place of one that was lost: no memory',
    ]);
    expect(() => tested.admit(60_000)).toThrow('the model has no worker, and none could be opened');
    expect(opened).toBe(3);
    await tested.close();
  });

  it('counts no rows of a model whose first dimension is none', async () => {
    const session = new Hints();
    Object.assign(session, { inputs: [{ name: 'x', dtype: 'float32', shape: [128, 1] }] });
    const tested = await Scheduler.start(async () => session, OPTIONS);
    const large = () => ({ x: { dims: [128, 1], data: new Float32Array(128) } });
    const all = Array.from({ length: 5 }, () => values(tested.run(large())));
    // Two are with the worker, three wait.
    expect(() => tested.admit(60_000)).not.toThrow();
    await answerAll([session]);
    await Promise.all(all);
  });

  it('closing ends where no worker comes back', async () => {
    let opened = 0;
    const session = new Hints();
    const tested = await Scheduler.start(async () => {
      if (opened++ > 0) throw new Error('no memory');
      return session;
    }, OPTIONS);
    session.alive = false;
    const waiting = tested.run(one(1));
    const closed = tested.close();
    await expect(waiting).rejects.toThrow('no memory');
    await closed;
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

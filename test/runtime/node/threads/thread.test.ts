import { describe, expect, it } from '@jest/globals';
import { type FragileMethods, startFragile } from '../../../support/fragile.js';

describe('a thread that is lost', () => {
  it.each<[string, keyof FragileMethods, string | RegExp]>([
    ['ends', 'exit', 'a thread of the test was lost: it ended'],
    ['throws what nobody catches', 'fail', 'a thread of the test was lost: nobody caught it'],
    ['throws what is no error', 'failWithText', 'a thread of the test was lost: a text'],
    // Node 20 sends it, later ones refuse to.
    [
      'answers what cannot be read',
      'answerNothing',
      /it answered what cannot be read|detached|unsupported type/,
    ],
  ])('because it %s fails all that it had, and can be closed', async (_, method, message) => {
    const thread = startFragile();
    expect(await thread.call('echo', 'here')).toBe('here');
    const had = [thread.call(method, undefined), thread.call(method, undefined)];
    for (const result of await Promise.allSettled(had)) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'CANNOT_RUN', message: expect.stringMatching(message) },
      });
    }
    if (!thread.alive) await expect(thread.call('echo', 1)).rejects.toMatchObject({ code: 'CANNOT_RUN' });
    await thread.close();
    await expect(thread.call('echo', 1)).rejects.toThrow('the test is closed');
  });

  it('while it is being closed fails what it had, and is closed', async () => {
    const thread = startFragile();
    const had = thread.call('never', undefined);
    const closing = thread.close();
    thread.abandon(new Error('enough'));
    await expect(had).rejects.toThrow('enough');
    await closing;
  });

  it('is told of once, before what it had fails', async () => {
    const thread = startFragile();
    const order: string[] = [];
    thread.onLost(() => order.push('lost'));
    await thread.call('fail', undefined).catch(() => order.push('failed'));
    await thread.close();
    expect(order).toEqual(['lost', 'failed']);
  });
});

describe('memory that is given away', () => {
  it('once is taken before the call returns, and twice is refused at once', async () => {
    const thread = startFragile();
    const data = new Float32Array([1, 2]);
    const first = thread.call('echo', data, [data.buffer]);
    expect(data).toHaveLength(0);
    const second = thread.call('echo', data, [data.buffer]);
    await expect(second).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: 'cannot be given to a thread: a buffer was transferred before',
    });
    expect(await first).toEqual(new Float32Array([1, 2]));
    expect(await thread.call('echo', 'here')).toBe('here');
    await thread.close();
  });
});

describe('a thread that is kept', () => {
  const start = async () => {
    const thread = startFragile(true);
    return { thread, id: await thread.call('id', undefined) };
  };

  it('is the next one that is started, and whoever had it does not end it', async () => {
    const first = await start();
    await first.thread.close();
    const [second, third] = [await start(), await start()];
    expect(second.id).toBe(first.id);
    expect(third.id).not.toBe(first.id);
    first.thread.abandon(new Error('late'));
    expect(await second.thread.call('echo', 'here')).toBe('here');
    await second.thread.close();
    await third.thread.close();
    const fourth = await start();
    expect(fourth.id).toBe(first.id);
    await fourth.thread.close();
  });

  it('is none that was lost, has something left to do, or has waited for a second', async () => {
    const lost = await start();
    await lost.thread.call('exit', undefined).catch(() => {});
    await lost.thread.close();
    const busy = await start();
    expect(busy.id).not.toBe(lost.id);
    const never = busy.thread.call('never', undefined);
    busy.thread.abandon(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
    const waiting = await start();
    expect(waiting.id).not.toBe(busy.id);
    await waiting.thread.close();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const last = await start();
    expect(last.id).not.toBe(waiting.id);
    await last.thread.close();
  });
});

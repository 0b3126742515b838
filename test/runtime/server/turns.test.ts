/** Protects the order of loads and unloads of one name: joined where they wait, not made where nobody waits. */
import { describe, expect, it } from '@jest/globals';
import { NmodeError } from '../../../graph/common/errors.js';
import { Turns } from '../../../runtime/server/turns.js';

function tested() {
  const turns = new Turns<'load' | 'unload'>();
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const take = (kind: 'load' | 'unload', signal?: AbortSignal) =>
    turns.take(
      'm',
      kind,
      () => {
        begun.push(kind);
        return new Promise((resolve) => ends.push(resolve));
      },
      signal,
    );
  const tick = () => new Promise((resolve) => setImmediate(resolve));
  const endAll = async () => {
    for (await tick(); ends.length > 0; await tick()) ends.shift()?.();
  };
  return { turns, begun, take, tick, endAll };
}

describe('turns of one name', () => {
  it('come one after the other, and those of a kind that wait are one', async () => {
    const { begun, take, tick, endAll, turns } = tested();
    const first = take('load');
    await tick();
    const others = [take('load'), take('load'), take('unload'), take('unload'), take('load')];
    await tick();
    expect(begun).toEqual(['load']);
    expect(turns.has('m', 'unload')).toBe(true);
    await endAll();
    await Promise.all([first, ...others]);
    expect(begun).toEqual(['load', 'load', 'unload', 'load']);
    expect(turns.has('m', 'load')).toBe(false);
  });

  it('are not begun where all who asked have left', async () => {
    const { begun, take, tick, endAll } = tested();
    const stop = new AbortController();
    const first = take('load');
    await tick();
    const left = Promise.allSettled([take('load', stop.signal), take('load', stop.signal)]);
    stop.abort(new Error('left'));
    expect(await left).toMatchObject([{ reason: stop.signal.reason }, { reason: stop.signal.reason }]);
    const another = take('unload');
    await endAll();
    await Promise.all([first, another]);
    expect(begun).toEqual(['load', 'unload']);
  });

  it('are made where one of those who asked has stayed', async () => {
    const { begun, take, tick, endAll } = tested();
    const stop = new AbortController();
    const first = take('load');
    await tick();
    const left = take('load', stop.signal);
    const stayed = take('load');
    stop.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await endAll();
    await Promise.all([first, stayed]);
    expect(begun).toEqual(['load', 'load']);
  });

  it('end: what is under way ends, what waits is refused', async () => {
    const { begun, take, tick, endAll, turns } = tested();
    const first = take('load');
    await tick();
    const waiting = take('load');
    const ended = turns.end(new NmodeError('OVERLOADED', 'the server ends'));
    await endAll();
    await expect(waiting).rejects.toThrow('the server ends');
    await Promise.all([first, ended]);
    expect(begun).toEqual(['load']);
  });

  it('go on after one that failed', async () => {
    const turns = new Turns<'load'>();
    await expect(turns.take('m', 'load', () => Promise.reject(new Error('corrupt')))).rejects.toThrow(
      'corrupt',
    );
    await expect(turns.take('m', 'load', async () => {})).resolves.toBeUndefined();
  });
});

/** Protects the places in line from clients that are slow, and a model that ends from those that it has accepted. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Leases } from '../../../../runtime/server/scheduling/leases.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a request that was accepted', () => {
  it('keeps a place in line for its tensors until they come, for a second', () => {
    const leases = new Leases();
    const [prompt, slow] = [leases.take('tensors'), leases.take('tensors')];
    leases.take('image');
    expect(leases.comingTensors).toBe(2);
    jest.advanceTimersByTime(500);
    prompt.came();
    expect(leases.comingTensors).toBe(2);
    jest.advanceTimersByTime(500);
    // What has come keeps it until it is in line: it may have to be parsed.
    expect(leases.comingTensors).toBe(1);
    prompt.queued();
    expect(leases.comingTensors).toBe(0);
    slow.came();
    expect(leases.comingTensors).toBe(1);
  });

  it('counts as an image under way until it is answered, but for one that does not come', () => {
    const leases = new Leases();
    const [prompt, slow] = [leases.take('image'), leases.take('image')];
    prompt.came();
    expect(leases.images).toBe(2);
    jest.advanceTimersByTime(1000);
    expect(leases.images).toBe(1);
    slow.came();
    expect(leases.images).toBe(2);
    slow.release();
    prompt.release();
    prompt.release();
    expect(leases.images).toBe(0);
  });

  it('is waited for', async () => {
    const leases = new Leases();
    await leases.end();
    const lease = leases.take('image');
    let ended = false;
    const end = leases.end().then(() => {
      ended = true;
    });
    await null;
    expect(ended).toBe(false);
    lease.release();
    await end;
  });
});

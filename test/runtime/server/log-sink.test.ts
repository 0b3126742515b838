import { Writable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { LogSink } from '../../../runtime/server/log-sink.js';

/** What gets through to a target, and how many lines do not. */
function counted(target: { write(line: string): void }) {
  const found = { dropped: 0 };
  const sink = new LogSink(target, (lines) => {
    found.dropped += lines;
  });
  return { sink, found };
}

it('a target that fails drops a line, and takes the next', () => {
  const lines: string[] = [];
  let isFull = true;
  const { sink, found } = counted({
    write(line) {
      if (isFull) throw new Error('ENOSPC');
      lines.push(line);
    },
  });
  sink.write('a');
  isFull = false;
  sink.write('b');
  expect([lines, found.dropped]).toEqual([['b'], 1]);
});

it('a stream whose reader is gone drops every line, and ends nothing', async () => {
  const { sink, found } = counted(
    new Writable({ write: (_, __, done) => done(Object.assign(new Error('write'), { code: 'EPIPE' })) }),
  );
  for (const line of ['a', 'b', 'c']) {
    sink.write(line);
    await new Promise(setImmediate);
  }
  expect(found.dropped).toBe(3);
});

it('a stream whose reader is slow keeps no more than a megabyte waiting', async () => {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const stream = new Writable({
    write(chunk, _, done) {
      taken += chunk.length;
      waiting.push(done);
    },
  });
  const { sink, found } = counted(stream);
  const line = 'x'.repeat(1000);
  for (let i = 0; i < 5000; i++) sink.write(line);
  expect(stream.writableLength).toBeLessThanOrEqual(2 ** 20 + 1000);
  expect(found.dropped).toBe(5000 - stream.writableLength / 1000);
  while (stream.writableLength > 0) {
    waiting.shift()?.();
    await new Promise(setImmediate);
  }
  sink.write(line);
  expect(taken).toBe(1000 * (5001 - found.dropped));
});

it('a stream is listened to once, until the last server ends', async () => {
  const stream = new Writable({ write: (_, __, done) => setImmediate(done, new Error('EIO')) });
  const before = stream.listenerCount('error');
  const sinks = [counted(stream), counted(stream), counted(stream)];
  expect(stream.listenerCount('error')).toBe(before + 1);
  // The last line fails when the server has ended.
  for (const { sink } of sinks) {
    sink.write('line');
    expect(stream.listenerCount('error')).toBe(before + 1);
    sink.close();
  }
  while (stream.listenerCount('error') > before) await new Promise(setImmediate);
  expect(sinks.map(({ found }) => found.dropped)).toEqual([1, 1, 1]);
});

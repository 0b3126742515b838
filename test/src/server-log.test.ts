import { expect, it } from '@jest/globals';
import { lineWriter } from '../../src/cli/server-log.js';

/** A disk with room for so many bytes, of which each write takes at most a few. */
function disk(room: number, atOnce = Number.POSITIVE_INFINITY) {
  const found = { text: '', room };
  const log = lineWriter((bytes) => {
    if (found.room === 0) throw new Error('ENOSPC');
    const taken = bytes.subarray(0, Math.min(atOnce, found.room));
    found.text += Buffer.from(taken).toString('latin1');
    found.room -= taken.length;
    return taken.length;
  });
  return { log, found };
}

it('a line that is taken in parts is written whole', () => {
  const { log, found } = disk(100, 3);
  log.write('{"é":1}\n');
  log.write('{"b":2}\n');
  expect(Buffer.from(found.text, 'latin1').toString()).toBe('{"é":1}\n{"b":2}\n');
});

it('a line that is cut fails, and no other is glued to it', () => {
  const { log, found } = disk(4);
  expect(() => log.write('first\n')).toThrow('ENOSPC');
  expect(() => log.write('lost\n')).toThrow('ENOSPC');
  found.room = 100;
  log.write('second\n');
  log.write('third\n');
  expect(found.text).toBe('firs\nsecond\nthird\n');
});

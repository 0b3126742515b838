import { Writable } from 'node:stream';

/** Bytes that wait for the reader of a log: more are dropped. */
const MAX_WAITING = 2 ** 20;

export interface LogTarget {
  write(line: string): void;
}

/** How many logs go to each stream. */
const logs = new WeakMap<Writable, number>();
const unheard = () => {};

/** Says that so many more logs go to a stream: while any does, no failure of it ends the process. */
function count(stream: Writable, more: 1 | -1): void {
  const before = logs.get(stream) ?? 0;
  if (before === 0) stream.on('error', unheard);
  logs.set(stream, before + more);
  if (before + more === 0) stream.off('error', unheard);
}

/**
 * A log that the server survives: what its target cannot take, because its reader is gone or slow or its disk is full, is
 * dropped and counted.
 */
export class LogSink {
  #isClosed = false;

  constructor(
    private readonly target: LogTarget,
    private readonly onDrop: (lines: number) => void,
  ) {
    if (target instanceof Writable) count(target, 1);
  }

  write(line: string): void {
    const { target } = this;
    try {
      if (!(target instanceof Writable)) target.write(line);
      else if (target.writableLength > MAX_WAITING) this.onDrop(1);
      else target.write(line, (error) => error && this.onDrop(1));
    } catch {
      this.onDrop(1);
    }
  }

  /** Leaves the target, once it has taken or failed what was written. */
  close(): void {
    const { target } = this;
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (target instanceof Writable) target.write('', () => setImmediate(count, target, -1));
  }
}

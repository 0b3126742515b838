import { Writable } from 'node:stream';

/** Bytes that wait for the reader of a log: more are dropped. */
const MAX_WAITING = 2 ** 20;

export interface LogTarget {
  write(line: string): void;
}

/**
 * A log that the server survives: what its target cannot take, because its reader is gone or slow or its disk is full, is
 * dropped and counted.
 */
export class LogSink {
  readonly #target: LogTarget;
  readonly #onDrop: (lines: number) => void;

  constructor(target: LogTarget, onDrop: (lines: number) => void) {
    this.#target = target;
    this.#onDrop = onDrop;
    // What it is told by each write that fails: unheard, it would end the process.
    if (target instanceof Writable) target.on('error', () => {});
  }

  write(line: string): void {
    const target = this.#target;
    try {
      if (!(target instanceof Writable)) target.write(line);
      else if (target.writableLength > MAX_WAITING) this.#onDrop(1);
      else target.write(line, (error) => error && this.#onDrop(1));
    } catch {
      this.#onDrop(1);
    }
  }
}

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type ErrorCode, NmodeError, reason } from '../../graph/common/errors.js';

const CUT_SHORT = 'the data ends early: the file is truncated or damaged';

/** Bytes that can be read at any place; nothing is read before it is asked for. */
export interface Source {
  readonly size: number;
  /** Exactly `length` bytes, in memory of their own. Throws a RangeError past the end. */
  read(offset: number, length: number): Uint8Array;
  /** Reads as many bytes as `target` holds into it. Throws a RangeError past the end. */
  readInto(target: Uint8Array, offset: number): void;
}

/** Byte for byte: what TextDecoder calls latin1 is Windows' code page. */
export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export function memorySource(bytes: Uint8Array): Source {
  const part = (offset: number, length: number) => {
    if (offset + length > bytes.length) throw new RangeError(CUT_SHORT);
    return bytes.subarray(offset, offset + length);
  };
  return {
    size: bytes.length,
    read: (offset, length) => new Uint8Array(part(offset, length)),
    readInto: (target, offset) => target.set(part(offset, target.length)),
  };
}

const HASH_CHUNK = 1 << 20;

/**
 * A file held open. Reads are synchronous: a checkpoint is read once, by a batch job, and weights that load when
 * asked for keep every later step plain.
 */
export class FileSource implements Source {
  readonly #descriptor: number;
  readonly size: number;

  /** @throws NmodeError (`code`) where there is no such file, or where it is a folder */
  constructor(path: string, code: ErrorCode) {
    try {
      // Asked before it is opened: a pipe would wait for its writer.
      const stats = statSync(path);
      if (stats.isDirectory()) throw new Error('it is a folder, not a file: name a file in it');
      if (!stats.isFile()) throw new Error('it is not a file');
      this.#descriptor = openSync(path, 'r');
      this.size = fstatSync(this.#descriptor).size;
    } catch (error) {
      throw new NmodeError(code, `${path}: cannot be opened: ${reason(error)}`, { cause: error });
    }
  }

  read(offset: number, length: number): Uint8Array {
    this.#refuseBeyond(offset, length);
    const bytes = new Uint8Array(length);
    this.readInto(bytes, offset);
    return bytes;
  }

  readInto(target: Uint8Array, offset: number): void {
    const { length } = target;
    this.#refuseBeyond(offset, length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#descriptor, target, done, length - done, offset + done);
      if (count === 0) throw new RangeError('the file was cut while it was read');
      done += count;
    }
  }

  /** Before anything is allocated. */
  #refuseBeyond(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new RangeError(`the file ends at ${this.size} bytes, ${length} bytes are expected at ${offset}`);
    }
  }

  sha256(): string {
    const hash = createHash('sha256');
    const chunk = new Uint8Array(HASH_CHUNK);
    for (let at = 0; at < this.size; at += HASH_CHUNK) {
      const part = chunk.subarray(0, Math.min(HASH_CHUNK, this.size - at));
      this.readInto(part, at);
      hash.update(part);
    }
    return hash.digest('hex');
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

const WINDOW = 1 << 16;

/** Reads forwards through part of a source, a window at a time, and never past `limit` bytes. */
export class Cursor {
  #window = new Uint8Array(0);
  #start = 0;
  #at: number;
  readonly #end: number;

  constructor(
    private readonly source: Source,
    start: number,
    private readonly limit: number,
  ) {
    this.#at = start;
    this.#end = Math.min(source.size, start + limit);
  }

  /** The place in the source of the next byte. */
  get position(): number {
    return this.#at;
  }

  byte(): number {
    if (this.#at < this.#start || this.#at >= this.#start + this.#window.length) this.#fill();
    const byte = this.#window[this.#at - this.#start];
    if (byte === undefined) throw this.#ended();
    this.#at++;
    return byte;
  }

  take(length: number): Uint8Array {
    if (length > this.#end - this.#at) throw this.#ended();
    const inWindow = this.#at - this.#start;
    const known = inWindow >= 0 && inWindow + length <= this.#window.length;
    const bytes = known
      ? this.#window.slice(inWindow, inWindow + length)
      : this.source.read(this.#at, length);
    this.#at += length;
    return bytes;
  }

  #ended(): RangeError {
    const isCut = this.#end === this.source.size;
    return new RangeError(isCut ? CUT_SHORT : `a pickle of more than ${this.limit} bytes, no more are read`);
  }

  #fill(): void {
    this.#start = this.#at;
    this.#window = new Uint8Array(this.source.read(this.#at, Math.min(WINDOW, this.#end - this.#at)));
  }
}

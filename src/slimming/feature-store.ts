import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { at } from '../../graph/common/at.js';
import { unfinished } from '../files/unfinished.js';
import { cannotWrite } from '../files/write-whole.js';

/** Bytes of a number in half precision. */
const HALF = 2;

/**
 * Records of numbers in half precision, all of the same parts: in memory as far as the budget goes, the others in a file. Close it: the file
 * is gone then, and also where the process ends before.
 */
export class FeatureStore {
  readonly #lengths: readonly number[];
  readonly #inMemory: number;
  readonly #folder: string;
  readonly #kept: Uint16Array[] = [];
  #file: { readonly handle: FileHandle; readonly path: string } | undefined;
  #count = 0;

  /**
   * @param lengths of the parts of a record
   * @param budget bytes
   * @param folder for the file
   */
  constructor(lengths: readonly number[], budget: number, folder: string) {
    this.#lengths = lengths;
    this.#inMemory = Math.floor(budget / (HALF * this.#length));
    this.#folder = folder;
  }

  get #length(): number {
    return this.#lengths.reduce((sum, length) => sum + length, 0);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of all records that are in the file. */
  get bytesInFile(): number {
    return Math.max(0, this.#count - this.#inMemory) * HALF * this.#length;
  }

  /** Adds a record; it is taken as it is. @throws NmodeError (CANNOT_WRITE) */
  async add(parts: readonly Uint16Array[]): Promise<void> {
    const record = new Uint16Array(this.#length);
    let start = 0;
    for (const part of parts) {
      record.set(part, start);
      start += part.length;
    }
    if (start !== record.length) throw new TypeError(`a record of ${start} numbers, not ${record.length}`);
    if (this.#count < this.#inMemory) this.#kept.push(record);
    else await this.#write(record, this.#count - this.#inMemory);
    this.#count++;
  }

  /** Where a part of a record begins; that behind the last, where it ends. */
  startOf(part: number): number {
    return this.#lengths.slice(0, part).reduce((sum, length) => sum + length, 0);
  }

  /** Memory for a record that is read from the file. */
  scratch(): Uint16Array {
    return new Uint16Array(this.#length);
  }

  /**
   * A record: its parts, one behind the other. It must not be written to.
   * @param scratch is filled with one that is in the file
   */
  async read(record: number, scratch: Uint16Array): Promise<Uint16Array> {
    return record < this.#inMemory ? at(this.#kept, record) : this.#read(record - this.#inMemory, scratch);
  }

  async #write(record: Uint16Array, place: number): Promise<void> {
    const { handle, path } = await this.#opened();
    const bytes = new Uint8Array(record.buffer);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, undefined, place * bytes.length + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  async #read(place: number, record: Uint16Array): Promise<Uint16Array> {
    const { handle } = await this.#opened();
    const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, undefined, place * bytes.length + done);
      if (bytesRead === 0) throw new TypeError(`no record ${place} in the file`);
      done += bytesRead;
    }
    return record;
  }

  async #opened() {
    if (this.#file !== undefined) return this.#file;
    const path = join(this.#folder, `.nmode-${randomUUID()}.features`);
    unfinished.add(path);
    const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
      unfinished.delete(path);
      throw cannotWrite(path, error);
    });
    // Where a file may be removed while it is open, it is gone even if the process is killed.
    if (process.platform !== 'win32') await rm(path, { force: true });
    this.#file = { handle, path };
    return this.#file;
  }

  async close(): Promise<void> {
    this.#kept.length = 0;
    if (this.#file === undefined) return;
    const { handle, path } = this.#file;
    this.#file = undefined;
    await handle.close();
    await rm(path, { force: true });
    unfinished.delete(path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { at } from '../../../graph/common/at.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import { unfinished } from '../../files/unfinished.js';
import { whyUnwritten } from '../../files/write-whole.js';

/** Bytes of a number in half precision. */
const HALF = 2;

/** Bands of a record: the first of them, and how many. */
export interface Bands {
  readonly first: number;
  readonly count: number;
}

/**
 * Records of feature maps in half precision, all of the same shapes: in memory as far as the budget goes, the others in a file. They are kept in
 * bands of rows, so that a crop is read in one piece and no more than its rows: a band has the rows of the first map, channel by channel, then those
 * of the second. Close it: the file is gone then, and also where the process ends before.
 */
export class FeatureStore {
  /** Where each part begins in a band. */
  readonly starts: readonly number[];
  /** Numbers of a band. */
  readonly bandLength: number;
  readonly #inMemory: number;
  readonly #kept: Uint16Array[] = [];
  #file: { readonly handle: FileHandle; readonly path: string } | undefined;
  #scratch: Uint16Array | undefined;
  #count = 0;
  #isClosed = false;

  /**
   * @param shapes of the parts of a record, [1, C, H, W]
   * @param bands how many; each height is a multiple of it
   * @param budget bytes
   * @param folder for the file
   */
  constructor(
    private readonly shapes: readonly (readonly number[])[],
    readonly bands: number,
    budget: number,
    private readonly folder: string,
  ) {
    const lengths = shapes.map((shape) => elementCount(shape) / bands);
    this.bandLength = lengths.reduce((sum, length) => sum + length, 0);
    this.starts = lengths.map((_, part) => lengths.slice(0, part).reduce((sum, length) => sum + length, 0));
    this.#inMemory = Math.floor(budget / (HALF * this.#length));
  }

  get #length(): number {
    return this.bands * this.bandLength;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of all records that are in the file. */
  get bytesInFile(): number {
    return Math.max(0, this.#count - this.#inMemory) * HALF * this.#length;
  }

  /** Adds a record. @throws NmodeError (CANNOT_WRITE) */
  async add(parts: readonly Uint16Array[]): Promise<void> {
    const isKept = this.#count < this.#inMemory;
    // What is written leaves its memory to the next: to get pages of that size from the system takes as long as to fill them.
    const record = isKept || this.#scratch === undefined ? this.scratch() : this.#scratch;
    for (const [index, part] of parts.entries()) this.#inBands(index, part, record);
    if (isKept) {
      this.#kept.push(record);
    } else {
      this.#scratch = record;
      await this.#write(record, this.#count - this.#inMemory);
    }
    this.#count++;
  }

  #inBands(index: number, part: Uint16Array, record: Uint16Array): void {
    const [, channels = 1, height = 1, width = 1] = at(this.shapes, index);
    if (part.length !== channels * height * width)
      throw new TypeError(`${part.length} numbers of [${at(this.shapes, index)}]`);
    const [size, start] = [(height / this.bands) * width, at(this.starts, index)];
    for (let channel = 0; channel < channels; channel++) {
      for (let band = 0; band < this.bands; band++) {
        const from = channel * height * width + band * size;
        record.set(part.subarray(from, from + size), band * this.bandLength + start + channel * size);
      }
    }
  }

  /**
   * Memory for a record. Shared memory is none that the collector of garbage counts: of a gigabyte in arrays of its own it would look for some to
   * free at every other image.
   */
  scratch(): Uint16Array {
    return new Uint16Array(new SharedArrayBuffer(HALF * this.#length));
  }

  /**
   * Bands of a record, one behind the other. They must not be written to.
   * @param scratch is filled with those that are in the file
   */
  async read(record: number, { first, count }: Bands, scratch: Uint16Array): Promise<Uint16Array> {
    const [start, length] = [first * this.bandLength, count * this.bandLength];
    return record < this.#inMemory
      ? at(this.#kept, record).subarray(start, start + length)
      : this.#read((record - this.#inMemory) * this.#length + start, scratch.subarray(0, length));
  }

  async #write(record: Uint16Array, place: number): Promise<void> {
    const { handle } = await this.#opened();
    const bytes = new Uint8Array(record.buffer);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, undefined, place * bytes.length + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw this.#unwritten(error);
    }
  }

  /** @param start the number of the file that it begins with */
  async #read(start: number, numbers: Uint16Array): Promise<Uint16Array> {
    const { handle } = await this.#opened();
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, undefined, HALF * start + done);
      if (bytesRead === 0) throw new TypeError(`no number ${start} in the file`);
      done += bytesRead;
    }
    return numbers;
  }

  /** Its own name would say nothing: nobody sees the file. */
  #unwritten(error: unknown): NmodeError {
    return new NmodeError(
      'CANNOT_WRITE',
      `${this.folder}: the features beyond ${option('memoryBudget')} cannot be written there: ${whyUnwritten(error)}; a larger one keeps more in memory`,
      { cause: error },
    );
  }

  async #opened() {
    if (this.#isClosed) throw new TypeError('the store is closed');
    if (this.#file !== undefined) return this.#file;
    const path = join(this.folder, `.nmode-${randomUUID()}.features`);
    unfinished.add(path);
    const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
      unfinished.delete(path);
      throw this.#unwritten(error);
    });
    // Where a file may be removed while it is open, it is gone even if the process is killed.
    if (process.platform !== 'win32') await rm(path, { force: true });
    this.#file = { handle, path };
    return this.#file;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
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

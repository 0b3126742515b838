/** Bytes that are kept for the next bodies: of memory in pieces of at least so many, as each piece costs some on its own. */
const [MAX_KEPT, MIN_PIECE] = [2 ** 25, 2 ** 12];

/**
 * Memory of bodies, used again for bodies of the same length: a server that sees one model's requests allocates nothing for
 * them, and its garbage collector has nothing to do.
 */
export class BufferPool {
  readonly #idle = new Map<number, ArrayBuffer[]>();
  #kept = 0;

  /** Bytes that are kept. */
  get kept(): number {
    return this.#kept;
  }

  /** Memory of this length, where some is kept. */
  take(length: number): ArrayBuffer | undefined {
    const same = this.#idle.get(length);
    const buffer = same?.pop();
    if (buffer !== undefined) this.#kept -= length;
    if (same?.length === 0) this.#idle.delete(length);
    return buffer;
  }

  /** Takes memory that nobody uses any more. */
  give(buffers: Iterable<ArrayBufferLike>): void {
    for (const buffer of buffers) {
      if (!(buffer instanceof ArrayBuffer)) continue;
      if (buffer.byteLength < MIN_PIECE || buffer.byteLength > MAX_KEPT) continue;
      // What was kept is of lengths that no longer come.
      if (this.#kept + buffer.byteLength > MAX_KEPT) this.clear();
      this.#kept += buffer.byteLength;
      const same = this.#idle.get(buffer.byteLength);
      if (same === undefined) this.#idle.set(buffer.byteLength, [buffer]);
      else same.push(buffer);
    }
  }

  clear(): void {
    this.#idle.clear();
    this.#kept = 0;
  }
}

/** Bytes that are kept for the next bodies. */
const MAX_KEPT = 2 ** 25;

/**
 * Memory of bodies, used again for bodies of the same length: a server that sees one model's requests allocates nothing for
 * them, and its garbage collector has nothing to do.
 */
export class BufferPool {
  readonly #idle = new Map<number, ArrayBuffer[]>();
  #kept = 0;

  take(length: number): ArrayBuffer {
    const buffer = this.#idle.get(length)?.pop();
    if (buffer === undefined) return new ArrayBuffer(length);
    this.#kept -= length;
    return buffer;
  }

  /** Takes memory that nobody uses any more. */
  give(buffers: Iterable<ArrayBufferLike>): void {
    for (const buffer of buffers) {
      if (!(buffer instanceof ArrayBuffer) || buffer.byteLength > MAX_KEPT) continue;
      // What was kept is of lengths that no longer come.
      if (this.#kept + buffer.byteLength > MAX_KEPT) {
        this.#idle.clear();
        this.#kept = 0;
      }
      this.#kept += buffer.byteLength;
      const same = this.#idle.get(buffer.byteLength);
      if (same === undefined) this.#idle.set(buffer.byteLength, [buffer]);
      else same.push(buffer);
    }
  }
}

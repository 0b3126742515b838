/** Memory that grows by doubling, as bytes come: a client that tells more than it sends costs what it sends. */
export class Growing {
  #memory: Buffer;
  #end: number;

  /**
   * @param offset of the first byte in the memory
   * @param most bytes that will come
   * @param onGrow told of more memory before it is taken
   */
  constructor(
    memory: ArrayBuffer,
    private readonly offset: number,
    private readonly most: number,
    private readonly onGrow: (bytes: number) => void,
  ) {
    this.#memory = Buffer.from(memory);
    this.#end = offset;
  }

  get length(): number {
    return this.#end - this.offset;
  }

  get capacity(): number {
    return this.#memory.length;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(this.offset, this.#end);
  }

  append(part: Buffer): void {
    const end = this.#end + part.length;
    if (end > this.#memory.length) {
      const size = Math.min(Math.max(end, 2 * this.#memory.length), this.offset + this.most);
      this.onGrow(size - this.#memory.length);
      const grown = Buffer.from(new ArrayBuffer(size));
      this.#memory.copy(grown, 0, 0, this.#end);
      this.#memory = grown;
    }
    part.copy(this.#memory, this.#end);
    this.#end = end;
  }
}

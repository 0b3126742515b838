import { at } from '../../../graph/common/at.js';
import { damaged } from './jpeg-frame.js';

/** A Huffman table (ITU-T T.81, C): the length and the symbol of the code that any 16 bits begin with; 0 for none. */
export type HuffmanTable = Uint16Array;

const CODE_BITS = 16;
const NO_CODE = 0;
const TOO_EARLY = 'they end too early';

/** As a file tells it: how many codes there are of each length, and their symbols. */
export interface TableDefinition {
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

const damagedTables = () => new Error('its Huffman tables are damaged');

/**
 * The tables of a DHT segment by class and number: 0x00 to 0x03 for DC, 0x10 to 0x13 for AC (T.81, B.2.4.2).
 * @throws Error
 */
export function* huffmanTables(data: Uint8Array): Generator<[id: number, table: TableDefinition]> {
  for (let start = 0; start < data.length; ) {
    const symbolsAt = start + 1 + CODE_BITS;
    const counts = data.subarray(start + 1, symbolsAt);
    const end = symbolsAt + counts.reduce((sum, count) => sum + count, 0);
    if (end > data.length || end > symbolsAt + 256) throw damagedTables();
    yield [at(data, start), { counts, symbols: data.subarray(symbolsAt, end) }];
    start = end;
  }
}

/** @throws Error for more codes than there can be */
export function tableOf({ counts, symbols }: TableDefinition): HuffmanTable {
  const table = new Uint16Array(1 << CODE_BITS);
  let [from, next] = [0, 0];
  for (const [index, count] of counts.entries()) {
    const length = index + 1;
    for (let i = 0; i < count; i++) {
      const to = from + (1 << (CODE_BITS - length));
      if (to > table.length) throw damagedTables();
      table.fill((length << 8) | at(symbols, next++), from, to);
      from = to;
    }
  }
  return table;
}

/** The bits of a scan between its restart markers (T.81, F.2.2.5). */
export class BitReader {
  #at = 0;
  #buffer = 0;
  /** Bits of the buffer that are not read yet. */
  #held = 0;

  /** @param bytes with stuffed zeros and restart markers */
  constructor(private readonly bytes: Uint8Array) {}

  /** @throws Error for a code that is none, or a table that was not told */
  symbol(table: HuffmanTable | undefined): number {
    if (this.#held < CODE_BITS) this.#fill();
    const held = this.#held;
    // Beyond the end there are zeros; whether the code needs them shows by its length.
    const ahead =
      held >= CODE_BITS ? this.#buffer >>> (held - CODE_BITS) : this.#buffer << (CODE_BITS - held);
    const entry = table === undefined ? NO_CODE : (table[ahead & 0xffff] as number);
    if (entry === NO_CODE) throw damaged(held === 0 ? TOO_EARLY : 'an invalid code');
    const length = entry >> 8;
    if (length > held) throw damaged(TOO_EARLY);
    this.#held = held - length;
    return entry & 0xff;
  }

  /** @throws Error where there are not as many */
  skip(count: number): void {
    if (this.#held < count) this.#fill();
    if (this.#held < count) throw damaged(TOO_EARLY);
    this.#held -= count;
  }

  /** @throws Error where there are not as many */
  read(count: number): number {
    this.skip(count);
    return (this.#buffer >>> this.#held) & ((1 << count) - 1);
  }

  /** Goes on after the next restart marker. @throws Error where it is not the one of this number */
  restart(number: number): void {
    [this.#buffer, this.#held] = [0, 0];
    while (this.#at < this.bytes.length && !this.#isMarker()) this.#at++;
    while (this.bytes[this.#at + 1] === 0xff) this.#at++;
    if (this.bytes[this.#at + 1] !== 0xd0 + (number & 7)) throw damaged('a restart marker is missing');
    this.#at += 2;
  }

  /** Whether whole bytes are left before the next marker. */
  get hasMore(): boolean {
    return this.#held >= 8 || (this.#at < this.bytes.length && !this.#isMarker());
  }

  #isMarker(): boolean {
    return this.bytes[this.#at] === 0xff && this.bytes[this.#at + 1] !== 0;
  }

  /** Takes bytes up to a marker while the buffer has room for them. */
  #fill(): void {
    const { bytes } = this;
    let [place, held, buffer] = [this.#at, this.#held, this.#buffer];
    while (held <= 24 && place < bytes.length) {
      const byte = bytes[place] as number;
      if (byte === 0xff) {
        if (bytes[place + 1] !== 0) break;
        place++;
      }
      place++;
      // What was read falls out at the top.
      buffer = (buffer << 8) | byte;
      held += 8;
    }
    this.#at = place;
    this.#held = held;
    this.#buffer = buffer;
  }
}

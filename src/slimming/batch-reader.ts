import { at } from '../../graph/common/at.js';
import type { Floats, Halves } from '../../runtime/sessions/tensors.js';
import type { Collected } from './features.js';
import { floatsOf } from './half-table.js';
import { featureName } from './student.js';

/** What a step, or a look, is given of some images. */
export type Batch = Readonly<Record<string, Halves | Floats>> & { readonly targets: Floats };

/** Reads batches into memory that others have left: to get pages of their size from the system takes as long as to fill them. */
export class BatchReader {
  readonly #collected: Collected;
  readonly #spare: ArrayBuffer[] = [];
  /** Of the last batch. */
  #records = 0;

  constructor(collected: Collected) {
    this.#collected = collected;
  }

  /** Takes back the memory of a batch that was run. */
  readonly onSpent = (buffers: ReadonlySet<ArrayBufferLike>): void => {
    for (const buffer of buffers) this.#keep(buffer);
  };

  #keep(buffer: ArrayBufferLike): void {
    const isOurs = this.#collected.shapes.some(
      (_, part) => buffer.byteLength === this.#bytes(part, this.#records),
    );
    if (isOurs && buffer instanceof ArrayBuffer) this.#spare.push(buffer);
  }

  #bytes(part: number, records: number): number {
    return 2 * records * this.#collected.store.lengthOf(part);
  }

  async read(records: readonly number[]): Promise<Batch> {
    const { store, shapes } = this.#collected;
    this.#records = records.length;
    const parts = shapes.map((_, part) => this.#memory(this.#bytes(part, records.length)));
    await store.read(records, parts);
    const dimsOf = (part: number) => [records.length, ...at(shapes, part).slice(1)];
    const last = shapes.length - 1;
    const features = parts
      .slice(0, last)
      .map((data, part): [string, Halves] => [featureName(part), { dims: dimsOf(part), data }]);
    const halves = at(parts, last);
    const targets = { dims: dimsOf(last), data: floatsOf(halves) };
    this.#keep(halves.buffer);
    return { ...Object.fromEntries(features), targets };
  }

  #memory(bytes: number): Uint16Array {
    const place = this.#spare.findIndex(({ byteLength }) => byteLength === bytes);
    const [found] = place < 0 ? [] : this.#spare.splice(place, 1);
    return new Uint16Array(found ?? new ArrayBuffer(bytes));
  }
}

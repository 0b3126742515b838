import { at } from '../../../graph/common/at.js';
import { floatsOf } from '../../../graph/common/half.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import type { Floats, Halves } from '../../../runtime/sessions/tensors.js';
import { featureName } from '../fitting/student.js';
import type { Sample, Size } from './crops.js';
import type { Bands } from './feature-store.js';
import type { Collected } from './features.js';

/** What a step, or a look, is given of some images. */
export type Batch = Readonly<Record<string, Halves | Floats>> & { readonly targets: Floats };

/** Reads batches into memory that others have left: to get pages of their size from the system takes as long as to fill them. */
export class BatchReader {
  readonly #shapes: readonly (readonly number[])[];
  readonly #spare: ArrayBuffer[] = [];
  /** Of records that are in a file: one for each would fill the memory before it is collected. */
  #scratch: Uint16Array | undefined;
  /** One batch is read at a time. */
  #reading: Promise<unknown> = Promise.resolve();

  /**
   * @param size of what is read of each image, in pixels of the network's input
   * @param images of a batch
   */
  constructor(
    private readonly collected: Collected,
    size: Size,
    private readonly images: number,
  ) {
    this.#shapes = shapesAt(collected, size).map(([, ...one]) => [images, ...one]);
  }

  /** Takes back the memory of a batch that was run. */
  readonly onSpent = (buffers: ReadonlySet<ArrayBufferLike>): void => {
    const sizes = new Set(this.#shapes.map(bytesOf));
    for (const buffer of buffers)
      if (buffer instanceof ArrayBuffer && sizes.has(buffer.byteLength)) this.#spare.push(buffer);
  };

  read(samples: readonly Sample[]): Promise<Batch> {
    const batch = this.#reading.then(() => this.#read(samples));
    this.#reading = batch.catch(() => {});
    return batch;
  }

  async #read(samples: readonly Sample[]): Promise<Batch> {
    const { store } = this.collected;
    if (samples.length !== this.images) throw new TypeError(`${samples.length} images of ${this.images}`);
    const parts = this.#shapes.map((dims) => ({ dims, data: this.#memory(bytesOf(dims)) }));
    for (const [place, { record, corner }] of samples.entries()) {
      this.#scratch ??= store.scratch();
      const bands = this.#bandsOf(corner[0]);
      const stored = await store.read(record, bands, this.#scratch);
      for (const [index, part] of parts.entries())
        this.#take({ stored, ...bands }, index, corner, part, place);
    }
    const targets = at(parts, -1 + parts.length);
    const batch = {
      ...Object.fromEntries(parts.slice(0, -1).map((part, index) => [featureName(index), part])),
      targets: { dims: targets.dims, data: floatsOf(targets.data) },
    };
    this.#spare.push(targets.data.buffer as ArrayBuffer);
    return batch;
  }

  /** Those that a window is in which begins at a row of the network's input. */
  #bandsOf(top: number): Bands {
    const { store, shapes } = this.collected;
    const [, , height = 1] = at(shapes, shapes.length - 1);
    const [, , rows = 1] = at(this.#shapes, this.#shapes.length - 1);
    const first = Math.floor((top * store.bands) / height);
    return { first, count: Math.ceil(((top + rows) * store.bands) / height) - first };
  }

  /** The window of one part of a record, to its place in the batch. */
  #take(
    { stored, first, count }: Bands & { readonly stored: Uint16Array },
    index: number,
    corner: Size,
    into: Halves,
    place: number,
  ): void {
    const { store, shapes, scales } = this.collected;
    const [, , height = 1, width = 1] = at(shapes, index);
    const [, channels = 1, rows = 1, columns = 1] = into.dims;
    const [down = 1, across = 1] = at(scales, index);
    const [top, left] = [corner[0] / down, corner[1] / across];
    const { bandLength } = store;
    const [deep, offset] = [height / store.bands, at(store.starts, index)];
    const lanes = lanesOf([stored.byteOffset / 2, bandLength, offset, deep * width, width, left, columns]);
    const [from, to] = [inLanes(stored, lanes), inLanes(into.data, lanes)];
    for (let band = 0; band < count; band++) {
      // Rows of the part that the band has, as far as the window goes.
      const start = (first + band) * deep;
      const [begin, end] = [Math.max(start, top), Math.min(start + deep, top + rows)];
      for (let channel = 0; channel < channels; channel++) {
        const source = band * bandLength + offset + (channel * deep + begin - start) * width + left;
        const target = ((place * channels + channel) * rows + begin - top) * columns;
        if (columns === width) {
          into.data.set(stored.subarray(source, source + (end - begin) * columns), target);
        } else {
          const read = { start: source / lanes, step: width / lanes };
          const written = { start: target / lanes, step: columns / lanes };
          copyRows(from, read, to, written, end - begin, columns / lanes);
        }
      }
    }
  }

  #memory(bytes: number): Uint16Array {
    const place = this.#spare.findIndex(({ byteLength }) => byteLength === bytes);
    const [found] = place < 0 ? [] : this.#spare.splice(place, 1);
    return new Uint16Array(found ?? new ArrayBuffer(bytes));
  }
}

/** The shapes of features and targets of one image, or of a part of it of some size. */
export function shapesAt({ shapes, scales }: Pick<Collected, 'shapes' | 'scales'>, [height, width]: Size) {
  return shapes.map(([, channels = 1], index) => {
    const [down = 1, across = 1] = at(scales, index);
    return [1, channels, height / down, width / across];
  });
}

const bytesOf = (dims: readonly number[]) => 2 * elementCount(dims);

/** Halves, or four of them as one number. */
type Lanes = Uint16Array | Float64Array;

/** Where rows lie: the index of the first, and how far it is from one to the next. */
interface Rows {
  readonly start: number;
  readonly step: number;
}

/** How many halves a `Float64Array` moves at a time. */
const WIDE = 4;

/** The number of halves of the lanes that all these distances are multiples of. */
const lanesOf = (distances: readonly number[]): number =>
  distances.every((distance) => distance % WIDE === 0) ? WIDE : 1;

/**
 * Halves as lanes. Four finite ones never make a double that is not a number, which engines may change when they move it.
 * @param halves begin at a multiple of their lanes
 */
const inLanes = ({ buffer, byteOffset, length }: Uint16Array, lanes: number): Lanes =>
  lanes === WIDE
    ? new Float64Array(buffer, byteOffset, Math.floor(length / WIDE))
    : new Uint16Array(buffer, byteOffset, length);

/** Copies rows one by one: a view of each, to be set as a whole, would take twice as long for short ones, and be garbage. */
function copyRows(from: Lanes, source: Rows, to: Lanes, target: Rows, rows: number, columns: number) {
  for (let row = 0; row < rows; row++) {
    const [read, written] = [source.start + row * source.step, target.start + row * target.step];
    for (let column = 0; column < columns; column++) to[written + column] = from[read + column] as number;
  }
}

import { DTYPES } from '../../../graph/ir/dtype.js';
import { isPickle, unpickle } from '../pickle/pickle.js';
import { PickleBudget } from '../pickle/pickle-machine.js';
import { type PickleValue, shown } from '../pickle/pickle-values.js';
import { Cursor, memorySource, type Source } from '../source.js';
import { keptStorage } from '../strided.js';
import { type StorageReference, TorchWorld } from './torch.js';
import { MAX_PICKLE_BYTES } from './torch-zip.js';

/** torch.serialization's MAGIC_NUMBER 0x1950a86a20f9469cfc6c: LONG1 of ten bytes, and in protocol 1 LONG, in decimal. */
const MAGIC = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19';
const MAGIC_1 = 'L119547037146038801333356';

/** Whether latin-1 text begins with a pickle of that number: behind PROTO and, from protocol 4 on, FRAME. */
export function isTorchLegacy(start: string): boolean {
  if (start.startsWith(MAGIC_1)) return true;
  return isPickle(start) && start.startsWith(MAGIC, start.charAt(2) === '\x95' ? 11 : 2);
}

const PROTOCOL_VERSION = 1001;

/**
 * The object in a checkpoint of older PyTorch (`_use_new_zipfile_serialization=False`): five pickles (magic number,
 * protocol, machine, object, storage keys), then every storage as an int64 count and its elements. PyTorch writes the
 * elements little-endian on every machine, so what the third pickle says of the writer's byte order has no effect.
 */
export function readTorchLegacy(source: Source, budget = new PickleBudget()): PickleValue {
  const cursor = new Cursor(source, 0, MAX_PICKLE_BYTES);
  const references = new Map<string, StorageReference>();
  const places = new Map<string, number>();
  const world = new TorchWorld({
    locate(reference) {
      references.set(reference.key, reference);
      const placeOf = () => {
        const place = places.get(reference.key);
        if (place === undefined) throw new Error(`storage '${reference.key}' is missing from the file`);
        return place;
      };
      const size = byteSize(reference);
      const read = () => source.read(placeOf(), size);
      return keptStorage(size, read, (target) => source.readInto(target, placeOf()));
    },
    bigEndian: false,
  });
  unpickle(cursor, world, budget);
  const protocol = unpickle(cursor, world, budget);
  if (protocol !== PROTOCOL_VERSION)
    throw new Error(`protocol ${shown(protocol)}, expected ${PROTOCOL_VERSION}`);
  unpickle(cursor, world, budget);
  const object = unpickle(cursor, world, budget);
  const keys = unpickle(cursor, world, budget);
  placeStorages(keys, references, source, cursor.position, places);
  return object;
}

/** The object in a file of Python's own `pickle.dump`: arrays of NumPy hold their numbers, tensors a stream of `torch.save` each. */
export function readPlainPickle(source: Source): PickleValue {
  const budget = new PickleBudget();
  const world = new TorchWorld({
    locate({ key }) {
      throw new Error(`storage '${key}' is missing: the pickle is a part of another file`);
    },
    bigEndian: false,
    load: (stream) => readTorchLegacy(memorySource(stream), budget),
  });
  return unpickle(new Cursor(source, 0, MAX_PICKLE_BYTES), world, budget);
}

function byteSize({ dtype, elements }: StorageReference): number {
  return elements * DTYPES[dtype].bytes;
}

/** Walks over the storages behind the pickles. @param places where each one's elements begin, to be filled */
function placeStorages(
  keys: PickleValue,
  references: ReadonlyMap<string, StorageReference>,
  source: Source,
  start: number,
  places: Map<string, number>,
): void {
  if (!Array.isArray(keys)) throw new TypeError('the list of storages is missing');
  let at = start;
  for (const key of keys) {
    const reference = typeof key === 'string' ? references.get(key) : undefined;
    if (reference === undefined) {
      throw new Error(`storage '${shown(key)}' belongs to no tensor, or to one of an unknown type`);
    }
    if (places.has(reference.key)) throw new Error(`storage '${reference.key}' is listed twice`);
    const header = source.read(at, 8);
    const count = Number(new DataView(header.buffer).getBigInt64(0, true));
    if (count !== reference.elements) {
      throw new Error(`storage '${reference.key}' holds ${count} elements, expected ${reference.elements}`);
    }
    at += 8;
    places.set(reference.key, at);
    at += byteSize(reference);
    if (at > source.size)
      throw new RangeError(`the file ends within storage '${reference.key}': download or save it again`);
  }
}

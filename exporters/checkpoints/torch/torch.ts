import { type DType, isDType } from '../../../graph/ir/dtype.js';
import { Global, type PickleValue, type PickleWorld, shown, Tuple } from '../pickle/pickle-values.js';
import { type Storage, stridedTensor } from '../strided.js';
import { CALLS, type Rebuilder } from './torch-calls.js';
import {
  PickledObject,
  PickledTensor,
  pickledBytes,
  TypedStorage,
  unreadableTensor,
  wholeNumber,
  wholeNumbers,
} from './torch-values.js';

/** PyTorch's typed storage classes. `UntypedStorage` counts bytes; the tensor then names its dtype. */
const STORAGES: ReadonlyMap<string, DType> = new Map([
  ['FloatStorage', 'float32'],
  ['DoubleStorage', 'float64'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['ComplexFloatStorage', 'complex64'],
  ['ComplexDoubleStorage', 'complex128'],
  // Of quantized tensors, which are not read; their sizes are needed to find what lies behind them.
  ['QInt8Storage', 'int8'],
  ['QUInt8Storage', 'uint8'],
  ['QInt32Storage', 'int32'],
  ['QUInt4x2Storage', 'uint8'],
  ['QUInt2x4Storage', 'uint8'],
  ['UntypedStorage', 'uint8'],
]);

/** A storage as the pickle names it: `elements` of `dtype`, from `start` on where it is a part of another. */
export interface StorageReference {
  readonly key: string;
  readonly dtype: DType;
  readonly elements: number;
}

/** Where a pickle's storages are. */
export interface StoragePlaces {
  /** Finds a storage in the file; it is called once a key. */
  readonly locate: (reference: StorageReference) => Storage;
  readonly bigEndian: boolean;
  /** Reads the object of a stream within the pickle, as Python's own pickle writes storages; absent where there are none. */
  readonly load?: (stream: Uint8Array) => PickleValue;
}

/** What PyTorch's pickles refer to: storages by persistent id, tensors by their rebuild functions. */
export class TorchWorld implements PickleWorld, Rebuilder {
  readonly #storages = new Map<string, Storage>();
  /** A stream that the pickle recalls a thousand times is read once. */
  readonly #loaded = new Map<PickleValue, PickleValue>();

  constructor(private readonly places: StoragePlaces) {}

  call(callable: Global, args: readonly PickleValue[]): PickleValue {
    const known = CALLS.get(callable.path);
    if (known !== undefined) return known(args, this);
    // Protocols 0 and 1 make an object by (class, base, state), later ones by calling its class.
    const [type] = /^copy_?reg\._reconstructor$/.test(callable.path) ? args : [];
    return new PickledObject(type instanceof Global ? type.path : callable.path);
  }

  forward(callable: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (!(callable instanceof Global) || !(args instanceof Tuple))
      return new PickledObject('_rebuild_from_type_v2');
    // One level only: a rebuild of a rebuild does not occur, and could recurse without end.
    return callable.path.startsWith('torch._utils.')
      ? this.call(callable, args.items)
      : new PickledObject(callable.path);
  }

  load(stream: PickleValue = null): PickleValue {
    const { load } = this.places;
    const data = pickledBytes(stream);
    if (load === undefined || data === undefined) return new PickledObject('_load_from_bytes');
    const known = this.#loaded.get(stream);
    if (known !== undefined) return known;
    const object = load(data.bytes());
    this.#loaded.set(stream, object);
    return object;
  }

  /**
   * torch.serialization's persistent ids: ('storage', class, key, device, elements[, view]), and in older files
   * ('module', class, source file, source) for the class of a whole model.
   */
  persistent(id: PickleValue): PickleValue {
    const [kind, type, key, , elements, view] = id instanceof Tuple ? id.items : [];
    if (kind === 'module' && type instanceof Global) return type;
    const path = type instanceof Global ? type.path : '';
    const [, name = ''] = /^torch(?:\.storage)?\.(\w+)$/.exec(path) ?? [];
    const dtype = STORAGES.get(name);
    if (kind !== 'storage' || typeof key !== 'string' || typeof elements !== 'number' || elements < 0) {
      throw new TypeError('a persistent id that names no storage');
    }
    if (dtype === undefined) return new PickledObject(path);
    let storage = this.#storages.get(key);
    if (storage === undefined) {
      storage = this.places.locate({ key, dtype, elements });
      this.#storages.set(key, storage);
    }
    return new TypedStorage(dtype, storage, view instanceof Tuple ? wholeNumber(view.items[1]) : 0);
  }

  /** (storage, offset, sizes, strides, ...): torch._utils._rebuild_tensor and its later versions. */
  rebuild(args: readonly PickleValue[], typed?: PickleValue): PickleValue {
    const [typedStorage, offset, sizes, strides] = args;
    const dims = wholeNumbers(sizes);
    if (!(typedStorage instanceof TypedStorage)) {
      return unreadableTensor(dims, 'has a storage of a class that is not known');
    }
    const { storage, start } = typedStorage;
    const dtype = typed instanceof Global ? namedDtype(typed) : typedStorage.dtype;
    if (dtype === undefined) {
      return unreadableTensor(
        dims,
        `cannot be read, as element type ${shown(typed)} is not supported: save it after float()`,
      );
    }
    return new PickledTensor(
      stridedTensor({
        dtype,
        dims,
        strides: wholeNumbers(strides),
        offset: start + wholeNumber(offset),
        storage,
        bigEndian: this.places.bigEndian,
      }),
    );
  }
}

/** 'torch.float32' and its kin. */
function namedDtype({ path }: Global): DType | undefined {
  const name = path.replace(/^torch\./, '');
  return path.startsWith('torch.') && isDType(name) ? name : undefined;
}

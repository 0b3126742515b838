import { type DType, isDType } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/tensor.js';
import { Global, Inert, type PickleValue, type PickleWorld, shown, Tuple } from './pickle-values.js';
import { MAX_RANK, type Storage, stridedTensor } from './strided.js';

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
  ['UntypedStorage', 'uint8'],
]);

/** A storage as the pickle names it: `elements` of `dtype`, from `start` on where it is a part of another. */
export interface StorageReference {
  readonly key: string;
  readonly dtype: DType;
  readonly elements: number;
}

/** A storage with the element type that its class says. */
class TypedStorage {
  constructor(
    readonly dtype: DType,
    readonly storage: Storage,
    readonly start: number,
  ) {}
}

/** A tensor in the object that a pickle holds. */
export class PickledTensor {
  constructor(readonly tensor: Tensor) {}
}

type Call = (args: readonly PickleValue[], world: TorchWorld) => PickleValue;

/** The only callables that are understood. Everything else in a pickle becomes an Inert. */
const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['collections.OrderedDict', ([items]) => new Map(pairs(items))],
  ['torch.Size', ([sizes]) => (sizes instanceof Tuple ? sizes : new Tuple([]))],
  ['torch._utils._rebuild_tensor', (args, world) => world.rebuild(args)],
  ['torch._utils._rebuild_tensor_v2', (args, world) => world.rebuild(plain(args, 6))],
  ['torch._utils._rebuild_tensor_v3', (args, world) => world.rebuild(plain(args, 7), args[6])],
  ['torch._utils._rebuild_parameter', ([data]) => data ?? null],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => data ?? null],
  ['torch._tensor._rebuild_from_type_v2', ([callable, , args], world) => world.forward(callable, args)],
]);

/** PyTorch 2 marks conjugate and negated views in a last argument; their numbers are not those of the storage. */
function plain(args: readonly PickleValue[], metadataAt: number): readonly PickleValue[] {
  const metadata = args[metadataAt];
  if (metadata instanceof Map && metadata.size > 0) {
    throw new TypeError(
      'a tensor is a conjugate or negated view: save it after resolve_conj() and resolve_neg()',
    );
  }
  return args;
}

function pairs(items: PickleValue | undefined): [PickleValue, PickleValue][] {
  const list = Array.isArray(items) ? items : [];
  return list.map((pair) => {
    const [key, value] = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
    return [key ?? null, value ?? null];
  });
}

/** Sizes and strides; those beyond 2^53, which unpickle as bigints, are no memory of this world. */
function wholeNumbers(value: PickleValue | undefined): readonly number[] {
  const items = value instanceof Tuple ? value.items.slice(0, MAX_RANK + 1) : [];
  const numbers = items.filter((item) => typeof item === 'number');
  if (!(value instanceof Tuple) || numbers.length !== items.length || items.length > MAX_RANK) {
    throw new TypeError(`sizes or strides of a tensor are impossible: [${items.map(shown).join(', ')}]`);
  }
  return numbers;
}

function wholeNumber(value: PickleValue | undefined): number {
  if (typeof value !== 'number') throw new TypeError(`the offset of a tensor is ${shown(value)}`);
  return value;
}

/**
 * What PyTorch's pickles refer to: storages by persistent id, tensors by their rebuild functions.
 * `locate` finds a storage in the file; it is called once a key.
 */
export class TorchWorld implements PickleWorld {
  readonly #storages = new Map<string, Storage>();
  readonly #locate: (reference: StorageReference) => Storage;
  readonly #bigEndian: boolean;

  constructor(locate: (reference: StorageReference) => Storage, bigEndian: boolean) {
    this.#locate = locate;
    this.#bigEndian = bigEndian;
  }

  call(callable: Global, args: readonly PickleValue[]): PickleValue {
    const known = CALLS.get(callable.path);
    return known === undefined ? new Inert(callable.path) : known(args, this);
  }

  forward(callable: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (!(callable instanceof Global) || !(args instanceof Tuple)) return new Inert('_rebuild_from_type_v2');
    // One level only: a rebuild of a rebuild does not occur, and could recurse without end.
    return callable.path.startsWith('torch._utils.')
      ? this.call(callable, args.items)
      : new Inert(callable.path);
  }

  /** ('storage', class, key, device, elements[, view]): torch.serialization's persistent ids. */
  persistent(id: PickleValue): PickleValue {
    const [kind, type, key, , elements, view] = id instanceof Tuple ? id.items : [];
    const path = type instanceof Global ? type.path : '';
    const dtype = /^torch(\.storage)?\.\w+$/.test(path)
      ? STORAGES.get(path.split('.').at(-1) ?? '')
      : undefined;
    if (kind !== 'storage' || typeof key !== 'string' || typeof elements !== 'number' || elements < 0) {
      throw new TypeError('a persistent id that names no storage');
    }
    if (dtype === undefined) return new Inert(path);
    let storage = this.#storages.get(key);
    if (storage === undefined) {
      storage = this.#locate({ key, dtype, elements });
      this.#storages.set(key, storage);
    }
    return new TypedStorage(dtype, storage, view instanceof Tuple ? wholeNumber(view.items[1]) : 0);
  }

  /** (storage, offset, sizes, strides, ...): torch._utils._rebuild_tensor and its later versions. */
  rebuild(args: readonly PickleValue[], typed?: PickleValue): PickleValue {
    const [typedStorage, offset, sizes, strides] = args;
    if (!(typedStorage instanceof TypedStorage)) return new Inert('a tensor of an unknown storage');
    const { dtype, storage, start } = typedStorage;
    return new PickledTensor(
      stridedTensor({
        dtype: typed instanceof Global ? namedDtype(typed) : dtype,
        dims: wholeNumbers(sizes),
        strides: wholeNumbers(strides),
        offset: start + wholeNumber(offset),
        storage,
        bigEndian: this.#bigEndian,
      }),
    );
  }
}

/** 'torch.float32' and its kin. */
function namedDtype({ path }: Global): DType {
  const name = path.replace(/^torch\./, '');
  if (path.startsWith('torch.') && isDType(name)) return name;
  throw new TypeError(`element type ${path} is not supported`);
}

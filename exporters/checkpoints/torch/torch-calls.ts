import { Global, Inert, type PickleValue, Tuple } from '../pickle/pickle-values.js';
import {
  arrayOf,
  NumpyArray,
  NumpyDtype,
  PickledObject,
  PickledTensor,
  tensorOf,
  unreadableTensor,
  wholeNumbers,
} from './torch-values.js';

type Args = readonly PickleValue[];

/** What calls need of the world that their pickle refers to. */
export interface Rebuilder {
  /** A tensor of (storage, offset, sizes, strides, ...). @param typed its element type, where the storage does not say it */
  rebuild(args: Args, typed?: PickleValue): PickleValue;
  /** Calls another function of `torch._utils`. */
  forward(callable: PickleValue | undefined, args: PickleValue | undefined): PickleValue;
  /** The object of a stream of `torch.save` within the pickle. */
  load(stream: PickleValue | undefined): PickleValue;
}

type Call = (args: Args, world: Rebuilder) => PickleValue;

const first: Call = ([data]) => data ?? null;

/** A tensor whose numbers are not read. @param sizes they may be told nowhere */
const unreadable = (sizes: PickleValue | undefined, why: string) =>
  unreadableTensor(sizes instanceof Tuple ? wholeNumbers(sizes) : [], why);

const QUANTIZED =
  "is quantized: save the state dict of the float model, from before torch.quantization's convert()";

/** (bytes, dtype, shape, order), of protocol 5 */
const fromBuffer: Call = ([data, type, shape, order]) =>
  new PickledTensor(arrayOf(type, shape, order === 'F', data));

/** Python's `bytes` and `bytearray`: of nothing, of bytes, or of a text and its encoding, which stays one (`pickledBytes`). */
const toBytes: Call = ([data = new Uint8Array(0)]) =>
  typeof data === 'string' || data instanceof Uint8Array ? data : new PickledObject('bytes');

const toSet: Call = ([items]) => new Set(Array.isArray(items) ? items : []);

const emptyDict: Call = () => new Map();

/** NumPy 2 moved `numpy.core` to `numpy._core`. */
const numpyCore = (name: string, call: Call): [string, Call][] =>
  ['numpy.core', 'numpy._core'].map((module) => [`${module}.${name}`, call]);

/** Python 2's builtins have another name, which protocol 2 keeps. */
const builtin = (name: string, call: Call): [string, Call][] =>
  ['builtins', '__builtin__'].map((module) => [`${module}.${name}`, call]);

/** The only callables that are understood. Everything else in a pickle becomes an object that is only looked at. */
export const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['collections.OrderedDict', ([items]) => new Map(pairs(items))],
  ['collections.defaultdict', emptyDict],
  ...builtin('dict', emptyDict),
  ...builtin('bytes', toBytes),
  ...builtin('bytearray', toBytes),
  ['_codecs.encode', toBytes],
  ...builtin('set', toSet),
  ...builtin('frozenset', toSet),

  ['torch.Size', ([sizes]) => (sizes instanceof Tuple ? sizes : new Tuple([]))],
  ['torch._utils._rebuild_tensor', (args, world) => world.rebuild(args)],
  ['torch._utils._rebuild_tensor_v2', (args, world) => rebuildPlain(args, world, args[6])],
  ['torch._utils._rebuild_tensor_v3', (args, world) => rebuildPlain(args, world, args[7], args[6])],
  ['torch._utils._rebuild_parameter', first],
  ['torch._utils._rebuild_parameter_with_state', first],
  ['torch.nn.parameter.Parameter', first],
  ['torch.nn.parameter.Buffer', first],
  ['torch._tensor._rebuild_from_type_v2', ([callable, , args], world) => world.forward(callable, args)],
  ['torch.storage._load_from_bytes', ([bytes], world) => world.load(bytes)],

  // Tensors of XLA and other devices without storages: (data, dtype, device, requires_grad).
  ['torch._utils._rebuild_xla_tensor', fromData],
  ['torch._utils._rebuild_device_tensor_from_numpy', fromData],
  ['torch._utils._rebuild_device_tensor_from_cpu_tensor', fromData],

  ['torch._utils._rebuild_qtensor', ([, , sizes]) => unreadable(sizes, QUANTIZED)],
  ['torch._utils._rebuild_sparse_tensor', sparse],
  ['torch._utils._rebuild_sparse_csr_tensor', sparse],
  [
    'torch._utils._rebuild_nested_tensor',
    () => unreadable(undefined, 'is nested: save its parts, or unbind() it'),
  ],
  [
    'torch._utils._rebuild_meta_tensor_no_storage',
    ([, sizes]) =>
      unreadable(sizes, "has no data (device 'meta'): save the model once its weights are loaded"),
  ],
  ['torch._utils._rebuild_wrapper_subclass', ([type, , sizes]) => unreadable(sizes, ofClass(type))],

  ...numpyCore('multiarray._reconstruct', () => new NumpyArray()),
  // (dtype, bytes): a best score and the like, which no network has for a weight.
  ...numpyCore('multiarray.scalar', () => new Inert('a number of NumPy')),
  ...numpyCore('numeric._frombuffer', fromBuffer),
  [
    'numpy.dtype',
    ([text]) => (typeof text === 'string' ? new NumpyDtype(text) : new PickledObject('numpy.dtype')),
  ],
]);

function fromData([data]: Args): PickleValue {
  return tensorOf(data) === undefined
    ? unreadable(undefined, 'is on a device whose data is not understood: save it after cpu()')
    : (data ?? null);
}

/** (layout, (indices, values, size)), with one more array where rows are compressed; the sizes are last, or behind the values. */
function sparse([, data]: Args): PickleValue {
  const parts = data instanceof Tuple ? data.items : [];
  const sizes = parts.find((part) => part instanceof Tuple);
  return unreadable(sizes, 'is sparse: save it after to_dense()');
}

function ofClass(type: PickleValue | undefined): string {
  const name = type instanceof Global ? type.path : 'another class';
  return `is of a subclass of torch.Tensor (${name}): save plain tensors`;
}

/** PyTorch 2 marks conjugate and negated views in a last argument; their numbers are not those of the storage. */
function rebuildPlain(
  args: Args,
  world: Rebuilder,
  metadata: PickleValue | undefined,
  typed?: PickleValue,
): PickleValue {
  if (!(metadata instanceof Map && metadata.size > 0)) return world.rebuild(args, typed);
  return unreadableTensor(
    wholeNumbers(args[2]),
    'is a conjugate or negated view: save it after resolve_conj() and resolve_neg()',
  );
}

function pairs(items: PickleValue | undefined): [PickleValue, PickleValue][] {
  const list = Array.isArray(items) ? items : [];
  return list.map((pair) => {
    const [key, value] = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
    return [key ?? null, value ?? null];
  });
}

import type { DType } from '../../../graph/ir/dtype.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { type NumpyType, numpyTensor, numpyType } from '../numpy.js';
import { type PickleValue, Stateful, shown, Tuple } from '../pickle/pickle-values.js';
import { MAX_RANK, type Storage } from '../strided.js';
import { UnreadableTensor } from '../unreadable.js';

/** A storage with the element type that its class says. */
export class TypedStorage {
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

/** A tensor whose numbers are not read. @param why what it is and what to do */
export const unreadableTensor = (dims: readonly number[], why: string) =>
  new PickledTensor(new UnreadableTensor(dims, why));

/** What a call makes that is not understood, an object of a class that is not known: a whole model, perhaps, whose state is dicts of tensors. */
export class PickledObject extends Stateful {
  /** Its attributes, by name. */
  attributes: ReadonlyMap<PickleValue, PickleValue> = new Map();

  setState(state: PickleValue): void {
    if (state instanceof Map) this.attributes = state;
  }
}

/** `numpy.dtype`: the constructor is told kind and size, the state the byte order. */
export class NumpyDtype extends Stateful {
  #order = '<';

  constructor(readonly text: string) {
    super('numpy.dtype');
  }

  setState(state: PickleValue): void {
    const order = state instanceof Tuple ? state.items[1] : undefined;
    if (typeof order === 'string') this.#order = order;
  }

  get type(): NumpyType | undefined {
    return numpyType(`${this.#order}${this.text}`);
  }
}

/** `numpy.ndarray`, which is made empty and then told what it holds. */
export class NumpyArray extends Stateful {
  tensor: Tensor | undefined;

  constructor() {
    super('numpy.ndarray');
  }

  /** (version, shape, dtype, is in Fortran order, data) */
  setState(state: PickleValue): void {
    const [, shape, type, isFortran, data] = state instanceof Tuple ? state.items : [];
    this.tensor = arrayOf(type, shape, isFortran === true, data);
  }
}

export function arrayOf(
  type: PickleValue | undefined,
  shape: PickleValue | undefined,
  isFortran: boolean,
  data: PickleValue | undefined,
): Tensor {
  const dims = wholeNumbers(shape);
  const known = type instanceof NumpyDtype ? type.type : undefined;
  const raw = pickledBytes(data);
  if (known === undefined || raw === undefined) {
    const of = type instanceof NumpyDtype ? ` of element type '${type.text}'` : '';
    return new UnreadableTensor(dims, `is a NumPy array${of}, expected one of numbers`);
  }
  return numpyTensor(known, dims, isFortran, raw);
}

/**
 * Pickled bytes. Protocol 2 writes them as a text to be encoded, Python 2 as a text; that is done when they are asked for, since
 * a pickle may recall one text a million times.
 */
export function pickledBytes(data: PickleValue | undefined): Storage | undefined {
  if (data instanceof Uint8Array) return { size: data.length, bytes: () => data };
  return typeof data === 'string' ? { size: data.length, bytes: () => latin1Bytes(data) } : undefined;
}

/** What `text.encode('latin1')` gives. */
function latin1Bytes(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) throw new TypeError('bytes of the pickle are no latin-1 text');
  }
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Sizes and strides; those beyond 2^53, which unpickle as bigints, are no memory of this world. */
export function wholeNumbers(value: PickleValue | undefined): readonly number[] {
  const items = value instanceof Tuple ? value.items.slice(0, MAX_RANK + 1) : [];
  const numbers = items.filter((item) => typeof item === 'number');
  if (!(value instanceof Tuple) || numbers.length !== items.length || items.length > MAX_RANK) {
    throw new TypeError(`sizes or strides of a tensor are impossible: [${items.map(shown).join(', ')}]`);
  }
  return numbers;
}

export function wholeNumber(value: PickleValue | undefined): number {
  if (typeof value !== 'number') throw new TypeError(`the offset of a tensor is ${shown(value)}`);
  return value;
}

/** Names of tensors' classes and of functions that rebuild them, of which later versions have more. */
const TENSOR_LIKE = /(^|\.)(_rebuild_\w+|\w*Tensor)$/;

/** The tensor that a value of a state dict is; undefined for everything else. */
export function tensorOf(value: PickleValue | undefined): Tensor | undefined {
  if (value instanceof PickledObject && TENSOR_LIKE.test(value.path)) {
    return new UnreadableTensor([], `is of a class that is not known (${value.path}): save plain tensors`);
  }
  return value instanceof PickledTensor || value instanceof NumpyArray ? value.tensor : undefined;
}

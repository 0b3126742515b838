/** Float32 numbers in row-major order. */
export interface Floats {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Whole numbers of 8 or 16 bits without a sign, in row-major order. */
export interface Bytes {
  readonly dims: readonly number[];
  readonly data: Uint8Array | Uint16Array;
}

/** Numbers in half precision (IEEE binary16), as their bits, in row-major order. */
export interface Halves {
  readonly dims: readonly number[];
  readonly data: Uint16Array;
}

/** The array of each element type: ONNX's names, onnxruntime's arrays. Half precision is its bits (IEEE binary16). */
export interface ElementArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly uint8: Uint8Array;
  readonly int8: Int8Array;
  readonly uint16: Uint16Array;
  readonly int16: Int16Array;
  readonly uint32: Uint32Array;
  readonly int32: Int32Array;
  readonly uint64: BigUint64Array;
  readonly int64: BigInt64Array;
  /** One byte an element, 0 or 1. */
  readonly bool: Uint8Array;
  readonly string: readonly string[];
}

export type ElementType = keyof ElementArrays;

/** A tensor in row-major order, whose `type` tells the array of its `data`. */
export type TypedTensor<T extends ElementType = ElementType> = {
  readonly [K in T]: {
    readonly type: K;
    readonly dims: readonly number[];
    readonly data: ElementArrays[K];
  };
}[T];

/** A tensor that is given to a run, in row-major order: onnxruntime's `Tensor` is one. */
export interface InputTensor {
  /** Its element type; default the model's, of those that its array holds. */
  readonly type?: string;
  readonly dims: readonly number[];
  readonly data: ElementArrays[ElementType];
}

/** What a model takes, by the names of its inputs. */
export type Inputs = Readonly<Record<string, InputTensor>>;

/** What a model takes, with all types told. */
export type TypedInputs = Readonly<Record<string, TypedTensor>>;

/** What a model takes that is fed images or numbers. */
export type PlainInputs = Readonly<Record<string, Floats | Bytes | Halves>>;

/** What a model gives, by the names of its outputs; `T` is the element type of all, where it is known. */
export type Outputs<T extends ElementType = ElementType> = Readonly<Record<string, TypedTensor<T>>>;

/** What a model gives whose outputs are float32. */
export type FloatOutputs = Readonly<Record<string, Floats>>;

/** An input or an output of a model. */
export interface Port {
  readonly name: string;
  /** ONNX's name of the element type. */
  readonly dtype: string;
  /** A size, or a name where it is open. */
  readonly shape: readonly (number | string)[];
}

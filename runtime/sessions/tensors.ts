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

/** What a model takes, by the names of its inputs. */
export type Inputs = Readonly<Record<string, Floats | Bytes | Halves>>;

/** What a model gives, by the names of its outputs. */
export type Outputs = Readonly<Record<string, Floats>>;

/** An input or an output of a model. */
export interface Port {
  readonly name: string;
  /** ONNX's name of the element type. */
  readonly dtype: string;
  /** A size, or a name where it is open. */
  readonly shape: readonly (number | string)[];
}

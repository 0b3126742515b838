import { badUsage } from '../../graph/common/errors.js';

/** The typed arrays that programs give, by their tags: `instanceof` would not know those of another realm. */
export const ARRAYS = {
  Float32Array,
  Float64Array,
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
} as const;

/** What programs give numbers and bytes in. */
export type View = (typeof ARRAYS)[keyof typeof ARRAYS]['prototype'];

/** The same in memory that nobody else has. */
type Owned<M extends View | ArrayBuffer> = M extends Uint16Array
  ? Uint16Array<ArrayBuffer>
  : M extends Uint8Array | ArrayBuffer
    ? Uint8Array<ArrayBuffer>
    : M;

/**
 * Whether a buffer was transferred, or a view shows nothing because its buffer was or has shrunk.
 * (`ArrayBuffer.prototype.detached` exists from Node 21 on.)
 */
export function isGone(memory: ArrayBufferView | ArrayBuffer): boolean {
  if (memory.byteLength > 0) return false;
  try {
    // Reading what is gone throws; so would making an array of it, but for elements of one kind alone.
    if (ArrayBuffer.isView(memory)) (memory as View).keys();
    else new Uint8Array(memory);
    return false;
  } catch {
    return true;
  }
}

/**
 * @param what is shown, for the message
 * @throws NmodeError (BAD_USAGE)
 */
export function refuseGone(memory: ArrayBufferView | ArrayBuffer, what: string): void {
  if (!isGone(memory)) return;
  throw badUsage(
    `${what}: its buffer was transferred or has shrunk, and is empty: pass the data in another buffer`,
  );
}

/**
 * A copy of a buffer, or of what a view shows of one and no more: that may be larger, shared, or filled again while work waits.
 * @param what is shown, for the message
 * @throws NmodeError (BAD_USAGE) where nothing is left of it
 */
export function copyOf<M extends View | ArrayBuffer>(memory: M, what: string): Owned<M>;
export function copyOf(memory: View | ArrayBuffer, what: string): View {
  refuseGone(memory, what);
  if (!ArrayBuffer.isView(memory)) return new Uint8Array(memory.slice());
  const { buffer, byteOffset, byteLength } = memory;
  const { buffer: own } = new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
  return new ARRAYS[memory[Symbol.toStringTag]](own);
}

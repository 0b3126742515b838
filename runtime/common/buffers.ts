import { badUsage } from '../../graph/common/errors.js';

/** What programs give numbers and bytes in. */
export type View = Float32Array | Uint16Array | Uint8Array;

/** The same in memory that nobody else has. */
type Owned<M extends View | ArrayBuffer> = M extends Float32Array
  ? Float32Array<ArrayBuffer>
  : M extends Uint16Array
    ? Uint16Array<ArrayBuffer>
    : Uint8Array<ArrayBuffer>;

/**
 * Whether a buffer was transferred, or a view shows nothing because its buffer was or has shrunk.
 * (`ArrayBuffer.prototype.detached` exists from Node 21 on.)
 */
export function isGone(memory: ArrayBufferView | ArrayBuffer): boolean {
  if (memory.byteLength > 0) return false;
  try {
    new Uint8Array(memory as Uint8Array | ArrayBuffer);
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
    `${what}: its buffer was transferred or has shrunk, so that nothing is left: give the data in another one`,
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
  if (memory instanceof Float32Array) return new Float32Array(memory);
  if (memory instanceof Uint16Array) return new Uint16Array(memory);
  return new Uint8Array(memory instanceof ArrayBuffer ? memory.slice() : memory);
}

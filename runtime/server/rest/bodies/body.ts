import type { IncomingMessage } from 'node:http';
import { badUsage, type NmodeError } from '../../../../graph/common/errors.js';
import type { BufferPool } from '../../admission/buffer-pool.js';
import { type Share, SMALL } from '../../admission/memory.js';
import { clientLeft } from '../../failures.js';
import { PROMPT } from '../../scheduling/leases.js';
import { UNREADABLE } from '../connections/connections.js';

/** Bytes from a start of the memory on, of which numbers of four bytes can be seen without a copy. */
const ALIGNMENT = 4;

/** Of chunks this small or smaller, each costs more than its bytes; a few are nobody's fault. */
const [SMALL_CHUNK, FEW_CHUNKS] = [1024, 4096];

/** Bytes that a body in chunks is given first. */
const CHUNKS_START = 2 ** 16;

/** The most bytes of a body, and the error for more. */
export interface BodyLimit {
  readonly bytes: number;
  /** Bytes after which the body is aligned; default 0. */
  readonly head?: number;
  exceeded(): NmodeError;
}

export interface BodyOptions {
  readonly limit: BodyLimit;
  readonly pool: BufferPool;
  /** Told of memory before it is taken. */
  readonly share: Share;
  /** Called once the body is wanted. */
  readonly onWanted?: () => void;
}

/**
 * Reads a body into memory of its own. What follows the first `head` bytes of its limit is aligned: the tensors after the JSON of an infer
 * request become views, which are given to a thread without a copy.
 * @throws NmodeError: TOO_LARGE; OVERLOADED where there is no room for it; BAD_USAGE; INTERRUPTED where the client leaves in the middle; HttpError
 * where it cannot be read
 */
export async function readBody(request: IncomingMessage, options: BodyOptions): Promise<Buffer> {
  const { limit, pool, share, onWanted } = options;
  const { head = 0 } = limit;
  const header = request.headers['content-length'];
  const stated = header === undefined ? undefined : Number(header);
  if (stated !== undefined && stated > limit.bytes) throw limit.exceeded();
  if (stated !== undefined) share.add(stated);
  const offset = (ALIGNMENT - (head % ALIGNMENT)) % ALIGNMENT;
  onWanted?.();
  if (stated === undefined) return readChunks(request, options, offset);
  const memory = pool.take(offset + stated) ?? new ArrayBuffer(offset + Math.min(stated, SMALL));
  let isSlow = false;
  const body = new Growing(memory, offset, stated, (more) => isSlow && share.add(more));
  // One that takes its time holds what it has sent, not what it says that it will.
  const timer = setTimeout(() => {
    isSlow = true;
    share.add(Math.min(0, body.capacity - stated));
  }, PROMPT);
  await eachPart(request, (part) => body.append(part)).finally(() => clearTimeout(timer));
  if (body.length < stated) throw clientLeft();
  return body.bytes;
}

/** A body whose length is not told. */
async function readChunks(
  request: IncomingMessage,
  { limit, share }: BodyOptions,
  offset: number,
): Promise<Buffer> {
  const body = new Growing(new ArrayBuffer(CHUNKS_START), offset, limit.bytes, (more) => share.add(more));
  let count = 0;
  await eachPart(request, (part) => {
    if (body.length + part.length > limit.bytes) throw limit.exceeded();
    if (++count > FEW_CHUNKS + body.length / SMALL_CHUNK) {
      throw badUsage(`the body comes in chunks of less than ${SMALL_CHUNK} bytes: send larger ones`);
    }
    body.append(part);
  });
  return body.bytes;
}

/** Memory that grows by doubling, as bytes come: a client that tells more than it sends costs what it sends. */
class Growing {
  #memory: Buffer;
  readonly #offset: number;
  readonly #most: number;
  readonly #onGrow: ((bytes: number) => void) | undefined;
  #end: number;

  /**
   * @param offset of the first byte in the memory
   * @param most bytes that will come
   * @param onGrow told of more memory before it is taken
   */
  constructor(memory: ArrayBuffer, offset: number, most: number, onGrow?: (bytes: number) => void) {
    this.#memory = Buffer.from(memory);
    this.#offset = offset;
    this.#end = offset;
    this.#most = most;
    this.#onGrow = onGrow;
  }

  get length(): number {
    return this.#end - this.#offset;
  }

  get capacity(): number {
    return this.#memory.length;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(this.#offset, this.#end);
  }

  append(part: Buffer): void {
    const end = this.#end + part.length;
    if (end > this.#memory.length) {
      const size = Math.min(Math.max(end, 2 * this.#memory.length), this.#offset + this.#most);
      this.#onGrow?.(size - this.#memory.length);
      const grown = Buffer.from(new ArrayBuffer(size));
      this.#memory.copy(grown, 0, 0, this.#end);
      this.#memory = grown;
    }
    part.copy(this.#memory, this.#end);
    this.#end = end;
  }
}

/** By events: to wait for each part would cost more than to copy it. */
function eachPart(request: IncomingMessage, take: (part: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      request.off('data', onData).pause();
      reject(error);
    };
    const onData = (part: Buffer) => {
      try {
        take(part);
      } catch (error) {
        fail(error);
      }
    };
    request
      .on('data', onData)
      .once('end', resolve)
      .once(UNREADABLE, fail)
      .once('error', () => fail(clientLeft()))
      .once('close', () => fail(clientLeft()));
  });
}

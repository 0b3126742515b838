import type { IncomingMessage } from 'node:http';
import { badUsage, type NmodeError } from '../../../../graph/common/errors.js';
import type { BufferPool } from '../../admission/buffer-pool.js';
import { Growing } from '../../admission/growing.js';
import type { Share } from '../../admission/memory.js';
import { StatedBody } from '../../admission/stated-body.js';
import { clientLeft } from '../../failures.js';
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
  const offset = (ALIGNMENT - (head % ALIGNMENT)) % ALIGNMENT;
  const body = stated === undefined ? undefined : new StatedBody(stated, offset, pool, share);
  try {
    onWanted?.();
    if (body === undefined) return await readChunks(request, options, offset);
    await eachPart(request, (part) => body.append(part));
    if (!body.isWhole) throw clientLeft();
    return body.bytes;
  } finally {
    body?.end();
  }
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

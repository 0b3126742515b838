import type { IncomingMessage } from 'node:http';
import { NmodeError } from '../../../graph/errors.js';
import type { BufferPool } from './buffer-pool.js';

/** Bytes from a start of the memory on, of which numbers of four bytes can be seen without a copy. */
const ALIGNMENT = 4;

/**
 * Reads a body into memory of its own. What follows its first `head` bytes is aligned: the tensors after the JSON of an infer
 * request become views, which are given to a thread without a copy.
 * @throws NmodeError: TOO_LARGE; INTERRUPTED where the client leaves in the middle
 */
export async function readBody(
  request: IncomingMessage,
  { limit, head, pool }: { readonly limit: number; readonly head: number; readonly pool: BufferPool },
): Promise<Buffer> {
  const told = Number(request.headers['content-length'] ?? Number.NaN);
  if (told > limit) throw tooLarge(limit);
  const offset = (ALIGNMENT - (head % ALIGNMENT)) % ALIGNMENT;
  return Number.isNaN(told) ? readChunks(request, limit, offset) : readWhole(request, told, offset, pool);
}

async function readWhole(
  request: IncomingMessage,
  length: number,
  offset: number,
  pool: BufferPool,
): Promise<Buffer> {
  const body = Buffer.from(pool.take(offset + length), offset);
  let at = 0;
  await eachPart(request, (part) => {
    at += part.copy(body, at);
  });
  if (at < length) throw left();
  return body;
}

/** A body whose length is not told. */
async function readChunks(request: IncomingMessage, limit: number, offset: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  await eachPart(request, (part) => {
    length += part.length;
    if (length > limit) throw tooLarge(limit);
    parts.push(part);
  });
  const body = Buffer.from(new ArrayBuffer(offset + length), offset);
  let at = 0;
  for (const part of parts) at += part.copy(body, at);
  return body;
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
      .once('error', () => fail(left()))
      .once('close', () => fail(left()));
  });
}

function tooLarge(limit: number): NmodeError {
  return new NmodeError('TOO_LARGE', `the body is larger than the ${limit} bytes that are taken`);
}

function left(): NmodeError {
  return new NmodeError('INTERRUPTED', 'the client left');
}

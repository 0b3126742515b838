import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badUsage, NmodeError } from '../../../../graph/common/errors.js';
import { Growing } from '../../admission/growing.js';
import type { Share } from '../../admission/memory.js';
import { StatedBody } from '../../admission/stated-body.js';
import type { ServerCore } from '../../core.js';
import { clientLeft } from '../../failures.js';
import { type Connections, UNREADABLE } from '../connections/connections.js';
import { jsonLengthOf } from './json-length.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What it holds in bytes of bodies and answers. */
    share: Share;
  }
}

/** Bytes from a start of the memory on, of which numbers of four bytes can be seen without a copy. */
const ALIGNMENT = 4;

/** Of chunks this small or smaller, each costs more than its bytes; a few are nobody's fault. */
const [SMALL_CHUNK, FEW_CHUNKS] = [1024, 4096];

/** Bytes that a body in chunks is given first. */
const CHUNKS_START = 2 ** 16;

/** The most bytes of a body, and the error for more. */
interface BodyLimit {
  readonly bytes: number;
  /** Bytes after which the body is aligned; default 0. */
  readonly head?: number;
  exceeded(): NmodeError;
}

/** What the bodies of some routes may be. */
type LimitOf = (request: FastifyRequest) => BodyLimit;

export const upTo =
  (bytes: number): LimitOf =>
  () => ({
    bytes,
    exceeded: () =>
      new NmodeError('TOO_LARGE', `the body is larger than the ${bytes} bytes that are accepted`),
  });

/** Of bodies that are JSON, or JSON of a length that is told and tensors. */
export function jsonUpTo(maxJson: number, maxBody: number): LimitOf {
  const bytes = Math.min(maxJson, maxBody);
  const json = {
    bytes,
    exceeded: () =>
      new NmodeError(
        'TOO_LARGE',
        `the JSON is larger than the ${bytes} bytes that are accepted: send tensors as bytes behind it (binary_data_size)`,
      ),
  };
  return (request) => {
    const head = jsonLengthOf(request.headers);
    if (head === undefined) return json;
    // None of it is read.
    if (head > bytes) return { ...json, bytes: 0 };
    return { ...upTo(maxBody)(request), head };
  };
}

/** Reads the bodies of requests. */
export class Bodies {
  constructor(
    private readonly core: ServerCore,
    private readonly connections: Connections,
  ) {}

  /** What a request holds is given back when it has been answered, or its client left. */
  attach(app: FastifyInstance): void {
    app.decorateRequest('share');
    app.addHook('onRequest', async (request, reply) => {
      request.share = this.core.memory.share();
      reply.raw.once('close', () => request.share.end());
    });
  }

  /** Adds routes whose bodies are read, whatever their type says: clients of Triton send none. */
  async add(app: FastifyInstance, limitOf: LimitOf, addRoutes: (scope: FastifyInstance) => void) {
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
        this.#read(payload, limitOf(request), request.share),
      );
      addRoutes(scope);
    });
  }

  /**
   * Reads a body into memory of its own. What follows the first `head` bytes of its limit is aligned: the tensors after the JSON of an infer
   * request become views, which are given to a thread without a copy.
   * @param share told of memory before it is taken
   * @throws NmodeError: TOO_LARGE; OVERLOADED where there is no room for it; BAD_USAGE; INTERRUPTED where the client leaves in the middle; HttpError
   * where it cannot be read
   */
  async #read(request: IncomingMessage, limit: BodyLimit, share: Share): Promise<Buffer> {
    const { head = 0 } = limit;
    const header = request.headers['content-length'];
    const stated = header === undefined ? undefined : Number(header);
    if (stated !== undefined && stated > limit.bytes) throw limit.exceeded();
    const offset = (ALIGNMENT - (head % ALIGNMENT)) % ALIGNMENT;
    const body = stated === undefined ? undefined : new StatedBody(stated, offset, this.core.pool, share);
    try {
      this.connections.wantsBody(request);
      if (body === undefined) return await readChunks(request, limit, share, offset);
      await eachPart(request, (part) => body.append(part));
      if (!body.isWhole) throw clientLeft();
      return body.bytes;
    } finally {
      body?.end();
    }
  }
}

/** A body whose length is not told. */
async function readChunks(
  request: IncomingMessage,
  limit: BodyLimit,
  share: Share,
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

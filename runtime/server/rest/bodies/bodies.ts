import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NmodeError } from '../../../../graph/common/errors.js';
import type { BufferPool } from '../../admission/buffer-pool.js';
import type { Memory, Share } from '../../admission/memory.js';
import type { Connections } from '../connections/connections.js';
import { type BodyLimit, readBody } from './body.js';
import { jsonLengthOf } from './json-length.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What it holds in bytes of bodies and answers. */
    share: Share;
  }
}

/** What the bodies of some routes may be. */
export type LimitOf = (request: FastifyRequest) => BodyLimit;

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
  readonly #connections: Connections;
  readonly #pool: BufferPool;
  readonly #memory: Memory;

  constructor(
    { pool, memory }: { readonly pool: BufferPool; readonly memory: Memory },
    connections: Connections,
  ) {
    this.#connections = connections;
    this.#pool = pool;
    this.#memory = memory;
  }

  /** What a request holds is given back when it has been answered, or its client left. */
  attach(app: FastifyInstance): void {
    app.decorateRequest('share');
    app.addHook('onRequest', async (request, reply) => {
      request.share = this.#memory.share();
      reply.raw.once('close', () => request.share.end());
    });
  }

  /** Adds routes whose bodies are read, whatever their type says: clients of Triton send none. */
  async add(app: FastifyInstance, limitOf: LimitOf, addRoutes: (scope: FastifyInstance) => void) {
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
        readBody(payload, {
          limit: limitOf(request),
          pool: this.#pool,
          share: request.share,
          onWanted: () => this.#connections.wantsBody(payload),
        }),
      );
      addRoutes(scope);
    });
  }
}

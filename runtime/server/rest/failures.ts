import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, NmodeError, printable, reason } from '../../../graph/common/errors.js';
import type { Metrics } from '../metrics.js';

/** What HTTP alone has a status for. */
export class HttpError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(printable(message));
  }
}

export function clientLeft(): NmodeError {
  return new NmodeError('INTERRUPTED', 'the client left');
}

function statusOf(error: unknown): number {
  if (error instanceof NmodeError) return ERRORS[error.code].status;
  // Of the framework's own errors as well.
  return (error as Partial<HttpError>).statusCode ?? 500;
}

/** One form for all errors: the protocol's. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const known = error instanceof NmodeError || error instanceof HttpError;
  const status = statusOf(error);
  if (!known && status >= 500) reply.log.error({ problem: reason(error) }, 'unexpected failure');
  if (status === 503) reply.header('retry-after', '1');
  const message = known || status < 500 ? reason(error) : 'unexpected failure';
  return reply.code(status).send({ error: message });
}

/**
 * How the routes of models answer errors, wherever they come from: what is refused before its body is read is counted as well.
 * @param modelOf throws where a request names no model
 */
export function countingFailures<Request extends FastifyRequest>(
  metrics: Metrics,
  modelOf: (request: Request) => { readonly name: string },
) {
  return (error: unknown, request: Request, reply: FastifyReply) => {
    const name = attempt(() => modelOf(request).name);
    if (name !== undefined) metrics.failed(name, reasonOf(error));
    return sendError(reply, error);
  };
}

function attempt<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}

/** Triton's reasons of failures. */
function reasonOf(error: unknown): string {
  if (!(error instanceof NmodeError)) return 'OTHER';
  if (error.code === 'OVERLOADED') return 'REJECTED';
  if (error.code === 'INTERRUPTED' || error.code === 'DEADLINE') return 'CANCELED';
  return ERRORS[error.code].status < 500 ? 'OTHER' : 'BACKEND';
}

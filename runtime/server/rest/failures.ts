import type { FastifyReply } from 'fastify';
import { ERRORS, NmodeError, printable, reason } from '../../../graph/common/errors.js';

/** What HTTP alone has a status for. */
export class HttpError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(printable(message));
  }
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
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503) reply.header('retry-after', '1');
  const message = known || status < 500 ? reason(error) : 'unexpected failure';
  return reply.code(status).send({ error: message });
}

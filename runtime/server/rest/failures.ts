import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, NmodeError, reason } from '../../../graph/errors.js';
import type { Metrics } from '../metrics.js';

interface HttpError {
  readonly statusCode?: number;
}

/** One form for all errors: the protocol's. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const known = error instanceof NmodeError;
  const status = known ? ERRORS[error.code].status : ((error as HttpError).statusCode ?? 500);
  if (!known && status >= 500) reply.log.error({ problem: reason(error) }, 'unexpected failure');
  if (status === 503) reply.header('retry-after', '1');
  const message = known || status < 500 ? reason(error) : 'unexpected failure';
  return reply.code(status).send({ error: message });
}

/** What a connection is told that brings no request. */
const CONNECTION_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
};

/** Answers what never becomes a request in the form of all errors, and closes its connection. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  const [status, why] = CONNECTION_ERRORS[error.code ?? ''] ?? [
    400,
    `the request cannot be read as HTTP: ${reason(error)}`,
  ];
  const body = JSON.stringify({ error: why });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (error.code !== 'ECONNRESET' && socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroy(error);
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

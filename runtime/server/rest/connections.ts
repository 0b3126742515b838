import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { reason } from '../../../graph/errors.js';

/** Milliseconds in which a client can take its last answer, while what it still sends is dropped. */
const LINGER = 2000;

/**
 * Ends a connection whose client may still be sending. Destroyed at once, it would be reset, and its client might lose the answer.
 * @param last what is sent before
 */
function endGently(socket: Socket, last = ''): void {
  if (socket.writableEnded) return;
  socket.end(last);
  const timer = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Closes the connection behind an answer to a request that was not read to its end: nobody reads on to where the next one begins. */
export function closeIfUnread(request: IncomingMessage, reply: FastifyReply): void {
  if (request.complete || !hasBody(request)) return;
  reply.header('connection', 'close');
  const { socket } = request;
  // By this Node ends a connection behind its last answer.
  socket.destroySoon = () => endGently(socket);
  reply.raw.once('finish', () => request.resume());
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What a connection is told that brings no request. */
const CONNECTION_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the extensions of a chunk are too large'],
};

/** An answer in the form of all errors. */
function errorAnswer(status: number, why: string): string {
  const body = JSON.stringify({ error: why });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** The connections of a server: each request has one answer, in the form of all errors also where it never becomes one. */
export class Connections {
  /** The answers that are not yet given, in the order of their requests. */
  readonly #open = new WeakMap<Socket, Set<ServerResponse>>();
  /** Those whose clients wait to be told that their body is wanted. */
  readonly #expecting = new WeakMap<IncomingMessage, ServerResponse>();

  attach({ server, log }: FastifyInstance): void {
    server.on('request', ({ socket }, response) => this.#opened(socket, response));
    server.on('checkContinue', (request, response) => {
      this.#expecting.set(request, response);
      server.emit('request', request, response);
    });
    // It is refused as a request.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    server.on('connect', (_, stream) => {
      const socket = stream as Socket;
      socket.on('error', () => socket.destroy());
      endGently(socket.resume(), errorAnswer(501, 'CONNECT is not for this server: it is no proxy'));
    });
    // Out of file descriptors, for example: what is there goes on, and others come in once there are some again.
    server.on('error', (error) => log.error({ problem: reason(error) }, 'no connection taken'));
  }

  #opened(socket: Socket, response: ServerResponse): void {
    const open = this.#open.get(socket) ?? new Set();
    open.add(response);
    response.once('close', () => open.delete(response));
    if (this.#open.has(socket)) return;
    this.#open.set(socket, open);
    // Node tells it to the first only: what the others hold would never be given back.
    socket.once('close', () => {
      for (const each of open) each.emit('close');
    });
  }

  /** Lets a client go on that waits before it sends its body. */
  wantsBody(request: IncomingMessage): void {
    this.#expecting.get(request)?.writeContinue();
    this.#expecting.delete(request);
  }

  /** Answers what cannot be read as a request once those before it are answered, and ends its connection. */
  refuse(error: Error & { readonly code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.writableEnded) return void socket.destroy();
    const before = [...(this.#open.get(socket) ?? [])].at(-1);
    if (before?.req.complete) {
      before.once('close', () => this.refuse(error, socket));
    } else if (before?.headersSent) {
      socket.destroy();
    } else {
      const why = `the request cannot be read as HTTP: ${reason(error)}`;
      endGently(socket, errorAnswer(...(CONNECTION_ERRORS[error.code ?? ''] ?? [400, why])));
    }
  }
}

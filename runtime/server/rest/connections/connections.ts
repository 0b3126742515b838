import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { reason } from '../../../../graph/common/errors.js';
import { clientLeft } from '../../failures.js';
import type { Metrics } from '../../metrics.js';
import { HttpError } from '../failures.js';
import { endGently } from './linger.js';

/** Milliseconds in which a client takes nothing of an answer before its connection is cut. */
const STALLED = 60_000;

/** Milliseconds in which most clients hear their answer and send no more: until then, what they send is not read. */
const HEARD = 100;

/** Requests of one connection in a turn of the event loop, which are answered before others come to their turn. */
const MOST_AT_ONCE = 64;

/** Closes the connection behind an answer to a request that was not read to its end: nobody reads on to where the next one begins. */
export function closeIfUnread(request: IncomingMessage, reply: FastifyReply): void {
  if (!request.complete && hasBody(request)) endBehind(request.socket, reply.raw);
}

/**
 * Has an answer be the last of its connection. What still comes is not even taken apart: of a body in chunks of a byte each, a
 * few megabytes would take a second.
 */
function endBehind(socket: Socket, response: ServerResponse): void {
  response.setHeader('connection', 'close');
  // By this Node ends a connection behind its last answer.
  socket.destroySoon = () => endGently(socket);
  // Where others listen to its bytes than the parser, Node no longer gives them to that.
  socket.removeAllListeners('data').on('data', () => {});
  socket.pause();
  response.once('finish', () => setTimeout(() => readOn(socket), HEARD));
}

/** Also where Node had stopped reading as the request was full, which it did behind the back of the socket: that asks for more once nothing came. */
function readOn(socket: Socket): void {
  socket.push('');
  socket.resume();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

type ConnectionError = Error & { readonly code?: string };

const LATE = 'ERR_HTTP_REQUEST_TIMEOUT';

/** What a connection is told that brings no request. */
const CONNECTION_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  [LATE]: [408, 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the extensions of a chunk are too large'],
};

/** The client sends no more, in the middle of a request. */
const CUT_SHORT = 'HPE_INVALID_EOF_STATE';

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

/** Told to a request that is being read: the rest of its body cannot be. */
export const UNREADABLE = 'unreadable';

/** The connections of a server: each request has one answer, in the form of all errors also where it never becomes one. */
export class Connections {
  /** The answers that are not yet given, in the order of their requests. */
  readonly #open = new WeakMap<Socket, Set<ServerResponse>>();
  /** Those that are being written, or wait for those before them. */
  readonly #answering = new WeakSet<ServerResponse>();
  /** Those whose clients wait to be told that their body is wanted. */
  readonly #expecting = new WeakMap<IncomingMessage, ServerResponse>();
  /** Why the rest of a request cannot be read. */
  readonly #unreadable = new WeakMap<IncomingMessage, Error>();
  /** Those on which something could not be read: Node tells it again of all that comes behind. */
  readonly #refused = new WeakSet<Socket>();
  /** How many requests came on each, and in this turn of the event loop. */
  readonly #came = new WeakMap<Socket, number>();
  readonly #atOnce = new Map<Socket, number>();
  #onRefused = (_status: number) => {};

  attach({ server, log }: FastifyInstance, metrics: Metrics): void {
    this.#onRefused = (status) => {
      metrics.requested('none', status, 0);
      log.info({ route: 'none', status }, 'request');
    };
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
      this.#end(socket.resume(), 501, 'CONNECT is not supported: this server is not a proxy');
    });
    // Out of file descriptors, for example: what is there goes on, and others come in once there are some again.
    server.on('error', (error) => log.error({ problem: reason(error) }, 'no connection taken'));
  }

  #opened(socket: Socket, response: ServerResponse): void {
    this.#came.set(socket, 1 + (this.#came.get(socket) ?? 0));
    if (this.#atOnce.size === 0) setImmediate(() => this.#atOnce.clear());
    const atOnce = 1 + (this.#atOnce.get(socket) ?? 0);
    this.#atOnce.set(socket, atOnce);
    if (atOnce === MOST_AT_ONCE) endBehind(socket, response);
    const open = this.#open.get(socket) ?? new Set();
    open.add(response);
    response.once('close', () => {
      open.delete(response);
      this.#time(socket);
    });
    if (this.#open.has(socket)) return;
    this.#open.set(socket, open);
    // Node tells it to the first only: what the others hold would never be given back.
    socket.once('close', () => {
      for (const each of open) each.emit('close');
    });
  }

  #lastOf(socket: Socket): ServerResponse | undefined {
    return [...(this.#open.get(socket) ?? [])].at(-1);
  }

  /** Whether no request behind it waits for its answer. */
  isLast(response: ServerResponse): boolean {
    return this.#lastOf(response.req.socket) === response;
  }

  /** Says that an answer is about to be written. */
  answering(response: ServerResponse): void {
    this.#answering.add(response);
    this.#time(response.req.socket);
  }

  /** Nothing moves while an answer is awaited, however long that takes; while it is written something must. */
  #time(socket: Socket): void {
    const [first] = this.#open.get(socket) ?? [];
    if (first !== undefined && !socket.writableEnded)
      socket.setTimeout(this.#answering.has(first) ? STALLED : 0);
  }

  /**
   * Lets a client go on that waits before it sends its body.
   * @throws HttpError, NmodeError (INTERRUPTED) where the body cannot be read
   */
  wantsBody(request: IncomingMessage): void {
    const failure = this.#unreadable.get(request);
    if (failure !== undefined) throw failure;
    this.#expecting.get(request)?.writeContinue();
    this.#expecting.delete(request);
  }

  /** Answers what cannot be read, in its turn: a request that has begun fails, anything else is no request. */
  refuse(error: ConnectionError, socket: Socket): void {
    if (error.code !== LATE) return void this.#refuse(error, socket);
    const came = this.#came.get(socket);
    // What had come, and was not yet read, is not late: a turn of the event loop later it has been read.
    const judge = () => this.#came.get(socket) === came && this.#refuse(error, socket);
    setImmediate(() => setImmediate(judge));
  }

  #refuse(error: ConnectionError, socket: Socket): void {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    const unknown = [400, `the request cannot be read as HTTP: ${reason(error)}`] as const;
    const [status, why] = CONNECTION_ERRORS[error.code ?? ''] ?? unknown;
    const { req: request } = this.#lastOf(socket) ?? {};
    if (request === undefined || request.complete) {
      this.#end(socket, status, why);
      return;
    }
    const failure = error.code === CUT_SHORT ? clientLeft() : new HttpError(status, why);
    this.#unreadable.set(request, failure);
    request.emit(UNREADABLE, failure);
  }

  /** Answers what is no request, once those before it are answered, and ends its connection. */
  #end(socket: Socket, status: number, why: string): void {
    const end = () => {
      if (socket.destroyed || socket.writableEnded) return;
      this.#onRefused(status);
      endGently(socket, errorAnswer(status, why));
    };
    const before = this.#lastOf(socket);
    if (before === undefined) end();
    else before.once('close', end);
  }
}

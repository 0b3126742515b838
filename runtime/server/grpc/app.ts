import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { badUsage, NmodeError, reason } from '../../../graph/common/errors.js';
import { unauthenticated } from '../admission/tokens.js';
import type { ServerCore } from '../core.js';
import { Exchange } from './exchange.js';
import { healthMethods } from './health.js';
import { inferenceMethods } from './inference.js';
import { readInterfaces } from './interfaces.js';
import type { Method } from './method.js';
import { reflectionMethods } from './reflection.js';
import { Sessions } from './sessions.js';
import { statusOf } from './status.js';

export interface GrpcOptions {
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly log: GrpcLog;
}

/** Where structured logs go. */
export interface GrpcLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface GrpcApp {
  /** @returns the address, as clients are told it */
  listen(host: string, port: number): Promise<string>;
  /** Takes no more calls; ends once those that it has are answered. */
  close(): Promise<void>;
  /** Cuts all connections. */
  destroy(): void;
}

/** Milliseconds for a TLS handshake. */
const HANDSHAKE_TIMEOUT = 10_000;

/** Milliseconds of silence after which the operating system asks whether a client is still there. */
const KEEP_ALIVE = 60_000;

/** Calls of one connection at a time. */
const MAX_STREAMS = 128;

/** Bytes of one call that may be on the way, and of a frame of it: each frame costs as much as many of its bytes. */
const [WINDOW, FRAME] = [2 ** 20, 2 ** 17];

/** Bytes of headers; and megabytes that Node may hold of a connection: its calls' answers and what is on the way. */
const [MAX_HEADERS, MAX_SESSION_MEMORY] = [16_384, 1024];

/**
 * A server over gRPC. It is made of Node's HTTP/2 and not of @grpc/grpc-js, which reads every message whole, however many come at
 * a time, before it asks whether there is room.
 */
export function grpcApp(core: ServerCore, { tls, log }: GrpcOptions): GrpcApp {
  const root = readInterfaces();
  const methods = new Map([
    ...inferenceMethods(root, core),
    ...healthMethods(root, core.dataPlane),
    ...reflectionMethods(root),
  ]);
  const sessions = new Sessions();
  const options = {
    settings: {
      enablePush: false,
      initialWindowSize: WINDOW,
      maxFrameSize: FRAME,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: MAX_HEADERS,
    },
    maxSessionMemory: MAX_SESSION_MEMORY,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE,
  };
  const server = tls
    ? createSecureServer({ ...tls, ...options, handshakeTimeout: HANDSHAKE_TIMEOUT })
    : createServer(options);
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const exchange = new Exchange(core, stream, headers);
    const { ':path': path = '' } = headers;
    const method = methods.get(path);
    const route = method === undefined ? 'none' : path.slice(1);
    const { session } = stream;
    exchange.onClose(() => {
      sessions.answered(session);
      const ms = performance.now() - exchange.since;
      const { status } = exchange;
      core.metrics.requested(route, status, ms / 1000);
      log.info({ method: 'gRPC', route, status, ms: Math.round(ms) }, 'request');
    });
    answer(core, exchange, method).catch((error: unknown) => {
      if (!(error instanceof NmodeError)) log.error({ problem: reason(error) }, 'unexpected failure');
      exchange.end(statusOf(error));
    });
  });
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          // Out of file descriptors, for example: what is there goes on.
          server.on('error', (error) => log.error({ problem: reason(error) }, 'no connection taken'));
          const { address, family, port: own } = server.address() as AddressInfo;
          resolve(`${family === 'IPv6' ? `[${address}]` : address}:${own}`);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sessions.drain();
      }),
    destroy: () => sessions.destroy(),
  };
}

async function answer(core: ServerCore, exchange: Exchange, method: Method | undefined): Promise<void> {
  const { headers } = exchange;
  if (!isGrpc(headers)) return exchange.refuse(headers[':method'] === 'POST' ? 415 : 405);
  if (method === undefined) throw new NmodeError('UNSUPPORTED', `there is no method '${headers[':path']}'`);
  if (!method.isOpen) {
    if (!core.tokens.accept(headers.authorization)) throw unauthenticated();
    exchange.onClose(core.enter());
  }
  checkEncoding(headers);
  await method.answer(exchange, timeoutOf(headers));
}

/** Milliseconds of the units of `grpc-timeout`. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Whether a request is one of gRPC, with messages in protobuf. */
function isGrpc({ ':method': method, 'content-type': type }: IncomingHttpHeaders): boolean {
  return method === 'POST' && /^application\/grpc(?:\+proto)?(?:$|;)/i.test(type ?? '');
}

/**
 * Milliseconds that a client waits for its answer; undefined where it tells none.
 * @throws NmodeError (BAD_USAGE) for what is not one of gRPC's (doc/PROTOCOL-HTTP2.md)
 */
function timeoutOf({ 'grpc-timeout': timeout }: IncomingHttpHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(timeout)) ?? [];
  const scale = UNITS[unit];
  if (digits === undefined || scale === undefined)
    throw badUsage(`grpc-timeout is '${timeout}', expected up to 8 digits and a unit, as in 500m`);
  return Number(digits) * scale;
}

/** @throws NmodeError (UNSUPPORTED) */
function checkEncoding({ 'grpc-encoding': encoding = 'identity' }: IncomingHttpHeaders): void {
  if (encoding !== 'identity')
    throw new NmodeError(
      'UNSUPPORTED',
      `grpc-encoding is '${encoding}': only uncompressed messages are accepted`,
    );
}

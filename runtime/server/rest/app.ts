import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { unauthenticated } from '../admission/tokens.js';
import type { ServerCore } from '../core.js';
import type { Metrics } from '../metrics.js';
import { MAX_REPOSITORY_BODY } from '../protocol/repository.js';
import { Bodies, jsonUpTo, upTo } from './bodies/bodies.js';
import { checkRequest, nothingAt, refuseMissing } from './connections/conduct.js';
import { Connections, closeIfUnread } from './connections/connections.js';
import { closeWhenAnswered } from './connections/ending.js';
import { sendError } from './failures.js';
import { addHealth } from './health.js';
import { addInfer } from './infer.js';
import { addOpenApi } from './openapi.js';
import { addSegment } from './segment.js';

export interface RestOptions {
  /** Bytes of the JSON of a request. */
  readonly maxJson: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Where structured logs go; none for no logs. */
  readonly log?: { write(line: string): void };
}

/** Milliseconds that a client may take to send its headers, and its whole request. */
const [HEADERS_TIMEOUT, REQUEST_TIMEOUT] = [10_000, 60_000];
/** How often that is looked at. */
const CHECKING_INTERVAL = 1000;
const MAX_HEADERS = 16_384;

/** A server over HTTP. */
export async function restApp(
  core: ServerCore,
  { maxJson, log, tls }: RestOptions,
): Promise<FastifyInstance> {
  const { dataPlane, metrics, limits } = core;
  const connections = new Connections();
  const bodies = new Bodies(core, connections);
  const server = {
    maxHeaderSize: MAX_HEADERS,
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: CHECKING_INTERVAL,
    // It is checked here, where the answer has the form of all errors.
    requireHostHeader: false,
  };
  const app = fastify({
    requestTimeout: REQUEST_TIMEOUT,
    requestIdHeader: false,
    genReqId: idOf,
    logger: log
      ? { level: 'info', stream: log, serializers: { req: ({ method }: FastifyRequest) => ({ method }) } }
      : false,
    frameworkErrors: (error, request, reply) => {
      closeIfUnread(request.raw, reply as FastifyReply);
      sendError(reply as FastifyReply, error);
    },
    clientErrorHandler: (error, socket) => connections.refuse(error, socket),
    return503OnClosing: false,
    logController: new LogController({ disableRequestLogging: true }),
    ...(tls ? { https: { ...tls, ...server, handshakeTimeout: HEADERS_TIMEOUT } } : { http: server }),
  }) as unknown as FastifyInstance;
  connections.attach(app, metrics);
  closeWhenAnswered(app);
  logRequests(app, metrics);
  app.addHook('onRequest', async ({ raw }, reply) => {
    // Behind the last answer of its connection, what comes is no request any more.
    if (raw.socket.writableEnded) return reply.hijack();
    checkRequest(raw);
  });
  guard(app, core);
  refuseMissing(app);
  bodies.attach(app);
  app.addHook('onSend', async (request, reply) => {
    closeIfUnread(request.raw, reply);
    // A connection that is kept would keep the server; one that is closed loses the answers behind.
    if (dataPlane.draining && connections.isLast(reply.raw)) reply.header('connection', 'close');
    connections.answering(reply.raw);
  });
  app.setErrorHandler((error, _, reply) => sendError(reply, error));
  app.setNotFoundHandler((request, reply) => sendError(reply, nothingAt(request.method, request.url)));
  await bodies.add(app, upTo(MAX_REPOSITORY_BODY), (scope) => addHealth(scope, core));
  await bodies.add(app, jsonUpTo(maxJson, limits.maxBody), (scope) => addInfer(scope, core));
  await bodies.add(app, upTo(limits.maxBody), (scope) => addSegment(scope, core));
  addOpenApi(app);
  return app;
}

const MAX_ID = 200;

/** What a request is called in the log: as its client calls it, unless that would fill the log. */
function idOf({ headers: { 'x-request-id': given } }: IncomingMessage): string {
  return typeof given === 'string' && given !== '' && given.length <= MAX_ID ? given : randomUUID();
}

/** Of a request whose client left before it was answered, as nginx has it. */
const LEFT = 499;

/** Logs and counts every request once, when it ends: answered, or its client left. */
function logRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', async (request, reply) => {
    const start = performance.now();
    let status = LEFT;
    reply.raw.once('finish', () => {
      status = reply.statusCode;
    });
    reply.raw.once('close', () => {
      const ms = performance.now() - start;
      const route = request.routeOptions.url ?? 'none';
      metrics.requested(route, status, ms / 1000);
      request.log.info({ method: request.method, route, status, ms: Math.round(ms) }, 'request');
    });
  });
}

/** Answered always, and to everybody: a load balancer has no token. */
const HEALTH = new Set(['/v2/health/live', '/v2/health/ready', '/v2/health/startup']);

/** Routes of the page, which have no token either: a browser asks for its files. */
const PAGE = new Set(['/*', '/nmode/*']);

/** Answered also where there is no room for more: who watches the server wants to see it then. */
const WATCHED = '/metrics';

/** Refuses those without a token, and more requests than there is room for: none, where the server ends. */
function guard(app: FastifyInstance, core: ServerCore): void {
  app.addHook('onRequest', async (request, reply) => {
    // By the route: one path can be written in many ways.
    const { url = '' } = request.routeOptions;
    if (HEALTH.has(url)) return;
    // Answered here: it is no failure of a model, as routes would count it.
    if (!core.tokens.accept(request.headers.authorization) && !PAGE.has(url))
      return sendError(reply, unauthenticated());
    if (url !== WATCHED) reply.raw.once('close', core.enter());
  });
}

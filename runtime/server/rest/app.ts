import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { NmodeError } from '../../../graph/common/errors.js';
import type { DataPlane } from '../data-plane.js';
import type { Metrics } from '../metrics.js';
import { Bodies, jsonUpTo, upTo } from './bodies/bodies.js';
import { BufferPool } from './bodies/buffer-pool.js';
import { checkRequest, nothingAt, refuseMissing } from './connections/conduct.js';
import { Connections, closeIfUnread } from './connections/connections.js';
import { closeWhenAnswered } from './connections/ending.js';
import { sendError } from './failures.js';
import { addHealth } from './health.js';
import { addInfer } from './infer.js';
import { addOpenApi } from './openapi.js';
import { MAX_REPOSITORY_BODY } from './repository.js';
import { addSegment } from './segment.js';

export interface RestOptions {
  /** Bytes of a request's body. */
  readonly maxBody: number;
  /** Bytes of the JSON of a request. */
  readonly maxJson: number;
  /** Bytes of bodies and answers that are held at a time. */
  readonly maxInflight: number;
  /** Elements of a request's tensors. */
  readonly maxElements: number;
  /** Requests under way; beyond it they are refused. */
  readonly maxRequests: number;
  /** Milliseconds within which a request is answered. */
  readonly deadline: number;
  /** Any of these, as a bearer token; none for everybody. */
  readonly tokens: readonly string[];
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Where structured logs go; none for no logs. */
  readonly log?: { write(line: string): void };
}

/** What every route is given. */
export interface RestContext {
  readonly plane: DataPlane;
  readonly metrics: Metrics;
  readonly options: RestOptions;
}

/** Milliseconds that a client may take to send its headers, and its whole request. */
const [HEADERS_TIMEOUT, REQUEST_TIMEOUT] = [10_000, 60_000];
/** How often that is looked at. */
const CHECKING_INTERVAL = 1000;
const MAX_HEADERS = 16_384;

/** The REST form of a data plane. */
export async function restApp(context: RestContext): Promise<FastifyInstance> {
  const { options, metrics } = context;
  const { maxBody, maxJson, maxInflight, log, tls } = options;
  const connections = new Connections();
  const pool = new BufferPool();
  const bodies = new Bodies(maxInflight, pool, connections);
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
    logger: log ? { level: 'info', stream: log, serializers: { req: shortRequest } } : false,
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
  tell(app, metrics);
  app.addHook('onRequest', async ({ raw }, reply) => {
    // Behind the last answer of its connection, what comes is no request any more.
    if (raw.socket.writableEnded) return reply.hijack();
    checkRequest(raw);
  });
  guard(app, context);
  refuseMissing(app);
  bodies.attach(app);
  app.addHook('onSend', async (request, reply) => {
    closeIfUnread(request.raw, reply);
    // A connection that is kept would keep the server; one that is closed loses the answers behind.
    if (context.plane.draining && connections.isLast(reply.raw)) reply.header('connection', 'close');
    connections.answering(reply.raw);
  });
  app.setErrorHandler((error, _, reply) => sendError(reply, error));
  app.setNotFoundHandler((request, reply) => sendError(reply, nothingAt(request.method, request.url)));
  await bodies.add(app, upTo(MAX_REPOSITORY_BODY), (scope) => addHealth(scope, context));
  await bodies.add(app, jsonUpTo(maxJson, maxBody), (scope) => addInfer(scope, context, pool));
  await bodies.add(app, upTo(maxBody), (scope) => addSegment(scope, context));
  addOpenApi(app);
  return app;
}

const MAX_ID = 200;

/** What a request is called in the log: as its client calls it, unless that would fill the log. */
function idOf({ headers: { 'x-request-id': given } }: IncomingMessage): string {
  return typeof given === 'string' && given !== '' && given.length <= MAX_ID ? given : randomUUID();
}

function shortRequest({ method }: FastifyRequest) {
  return { method };
}

/** Of a request whose client left before it was answered, as nginx has it. */
const LEFT = 499;

/** Logs and counts every request once, when it ends: answered, or its client left. */
function tell(app: FastifyInstance, metrics: Metrics): void {
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
function guard(app: FastifyInstance, { plane, options }: RestContext): void {
  const { tokens, maxRequests } = options;
  const digests = tokens.map(digest);
  let underWay = 0;
  app.addHook('onRequest', async (request, reply) => {
    // By the route: one path can be written in many ways.
    const { url = '' } = request.routeOptions;
    if (HEALTH.has(url)) return;
    const [, given = ''] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    // All are compared, so that the time tells nothing.
    const known = digests.filter((each) => timingSafeEqual(each, digest(given))).length > 0;
    if (digests.length > 0 && !known && !PAGE.has(url)) {
      reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'a bearer token is needed' });
      return reply;
    }
    if (url === WATCHED) return;
    if (plane.draining) throw new NmodeError('OVERLOADED', 'the server ends: try again later');
    if (underWay >= maxRequests)
      throw new NmodeError('OVERLOADED', `${maxRequests} requests are under way already`);
    underWay++;
    reply.raw.once('close', () => {
      underWay--;
    });
  });
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

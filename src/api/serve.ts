import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { badUsage, reason } from '../../graph/common/errors.js';
import * as kind from '../../graph/common/option-kinds.js';
import { type Kind, type Kinds, taken } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { MAX_TIMER } from '../../runtime/common/timer.js';
import { INPUT_KINDS, type InputSpecOptions } from '../../runtime/input-spec.js';
import { requirePackages, withPackages } from '../../runtime/node/packages.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import { SESSION_KINDS, type SessionOptions } from '../../runtime/node/sessions/session.js';
import { startBehind } from '../../runtime/node/threads/priority.js';
import { ServerCore } from '../../runtime/server/core.js';
import { DataPlane } from '../../runtime/server/data-plane.js';
import { LogSink } from '../../runtime/server/log-sink.js';
import { watch } from '../../runtime/server/watch.js';
import { addSite, cannotListen } from '../files/site.js';
import { WATCH, withOptions } from './option-kinds.js';
import { LIMIT_KINDS, limitsOf } from './serve-limits.js';

export interface ServeOptions
  extends Pick<SessionOptions, 'providers' | 'strict' | 'threads' | 'workers'>,
    InputSpecOptions {
  /** Model files: `lesion.onnx`, or `name=path.onnx` for another name than that of the file. */
  readonly models: readonly string[];
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Default: 8000; 0 for a free one. */
  readonly port?: number;
  /** Also serve gRPC on this port; 0 for a free one. Default: HTTP only. */
  readonly grpcPort?: number;
  /** Rows of several requests to merge into one run, if the model's batch is open. Default: 1. */
  readonly maxBatch?: number;
  /** Milliseconds that a waiting run may wait for others to join its batch. Default: 0. */
  readonly maxDelayMs?: number;
  /** Waiting runs, and images in progress. Default: 64. */
  readonly maxQueue?: number;
  /** Requests in progress, including those being read. Default: 256. */
  readonly maxRequests?: number;
  /** Largest request body in bytes. Default: 64 MB. */
  readonly maxBody?: number;
  /** Largest JSON of a request in bytes, without the binary tensors after it. Default: 16 MB. */
  readonly maxJson?: number;
  /** Bytes of bodies and responses in memory, except those of up to 1 MB. Default: 128 MB, and at least one body. */
  readonly maxInflight?: number;
  /** Largest number of tensor elements in a request. Default: 2^24. */
  readonly maxElements?: number;
  /** Deadline for a response in milliseconds. Default: 10,000. */
  readonly deadlineMs?: number;
  /** Milliseconds for requests in progress to finish when the server shuts down, or their model is replaced or unloaded. Default: 30,000. */
  readonly drainMs?: number;
  /** A file of bearer tokens, one per line. */
  readonly tokenFile?: string;
  /** Files of a certificate and its key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Serve the demo page at `/`, which runs its own model in the browser, not the served ones. */
  readonly ui?: boolean;
  /** Aborts the startup while models are being loaded. */
  readonly signal?: AbortSignal;
  /** Called with the number of models that have been loaded, until the server is ready. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Reload a model when its file is replaced. */
  readonly watch?: boolean;
  /**
   * Where structured logs go, a line of JSON at a time. What a stream cannot take is dropped: lines beyond 1 MB that wait for
   * its reader, and those that it or `write` fails with.
   */
  readonly log?: { write(line: string): void };
}

export interface Server {
  readonly url: string;
  /** The address of gRPC for clients, such as `127.0.0.1:8001`; undefined without gRPC. */
  readonly grpc: string | undefined;
  /** Where each model runs. */
  readonly models: readonly {
    readonly name: string;
    /** What is assumed of how it takes images, and of what it gives; undefined for a model that takes no images. */
    readonly assumed: readonly Assumption[] | undefined;
    /** Why its requests run singly although `maxBatch` would merge them. */
    readonly whySingly: string | undefined;
    readonly provider: string;
    readonly workers: number;
    readonly threads: number;
  }[];
  /** Finishes accepted requests and shuts down. @param within milliseconds after which it shuts down anyway. Default: `drainMs` */
  close(within?: number): Promise<void>;
}

const having =
  (names: readonly string[], type: string): Kind[1] =>
  (value) =>
    names.every((name) => typeof Object(value)[name] === type);

const KINDS: Kinds<ServeOptions> = {
  ...pick(SESSION_KINDS, ['providers', 'strict', 'threads', 'workers']),
  ...INPUT_KINDS,
  ...LIMIT_KINDS,
  ...WATCH,
  ...{ models: kind.PATHS, host: kind.TEXT, tokenFile: kind.PATH },
  ...kind.each(['port', 'grpcPort'], kind.whole(0, 65_535)),
  ...kind.each(['ui', 'watch'], kind.FLAG),
  tls: ['{ cert, key }, both paths', having(['cert', 'key'], 'string')],
  log: ['an object with a method `write`', having(['write'], 'function')],
};

/** Copies of a model where nothing is said: each takes its memory. */
const MAX_WORKERS = 4;

/**
 * Serves models over HTTP.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, CANNOT_RUN, also where packages that serving needs are not installed; the signal's reason
 */
export async function serve(options: ServeOptions): Promise<Server> {
  return withOptions(options, KINDS, ['models'], served);
}

async function served(options: ServeOptions): Promise<Server> {
  const named = namesOf(options.models);
  const limits = limitsOf(options);
  requirePackages('serving models');
  const { Metrics, restApp } = await loadServer();
  const metrics = new Metrics(() => dataPlane);
  const tokens = await tokensOf(options);
  const tls = options.tls && { cert: await read(options.tls.cert), key: await read(options.tls.key) };
  const log = options.log && new LogSink(options.log, (lines) => metrics.logDropped(lines));
  const cores = usableCores();
  const workers = options.workers ?? Math.min(cores, MAX_WORKERS);
  const { drainMs, maxJson } = limits;
  startBehind();
  let loaded = 0;
  const dataPlane = new DataPlane(
    named,
    {
      workers,
      threads: options.threads ?? Math.max(1, Math.floor(cores / workers)),
      ...limits,
      maxDelay: limits.maxDelayMs,
      ...pick(options, ['providers', 'strict']),
      inputSpec: taken(options, INPUT_KINDS),
    },
    drainMs,
    {
      ran: (model, rows, milliseconds) => metrics.ran(model, rows, milliseconds),
      loaded: ({ name: model, provider, whySingly }) => {
        metrics.loaded(model, provider);
        if (loaded < named.size) options.onProgress?.(++loaded, named.size);
        app.log.info({ model, provider }, 'model loaded');
        if (whySingly !== undefined) app.log.warn({ model, why: whySingly }, 'requests are not merged');
      },
      unloaded: (model) => app.log.info({ model }, 'model unloaded'),
      troubled: (model, what, why) => app.log.error({ model, ...(why && { problem: why }) }, what),
      refused: (model, why) => {
        metrics.refused(model);
        app.log.error({ model, problem: why }, 'model refused');
      },
    },
  );
  const core = new ServerCore(dataPlane, metrics, { ...limits, deadline: limits.deadlineMs, tokens });
  const app = await restApp(core, { maxJson, ...(tls && { tls }), ...(log && { log }) });
  const { host = '127.0.0.1', port = 8000, grpcPort } = options;
  // Loaded by those who serve over gRPC only.
  const grpcModule = grpcPort === undefined ? undefined : await import('../../runtime/server/grpc/app.js');
  const grpc = grpcModule?.grpcApp(core, { tls, log: app.log });
  let endWatch = () => {};
  const close = async (within = drainMs) => {
    endWatch();
    dataPlane.drain();
    const cut = () => {
      app.server.closeAllConnections();
      grpc?.destroy();
    };
    const forced = setTimeout(cut, Math.min(within, MAX_TIMER));
    await Promise.all([app.close(), grpc?.close()]);
    clearTimeout(forced);
    await dataPlane.close();
    app.log.info('ended');
    log?.close();
  };
  try {
    if (options.ui) await app.register((scope) => addSite(scope, true));
    // It answers that it lives, and that it is not ready, while models load.
    const refuse = (ports: Readonly<Record<string, number>>) => (error: unknown) => {
      throw cannotListen('the models', ports, error);
    };
    const url = await app.listen({ host, port }).catch(refuse({ port }));
    const grpcAt =
      grpcPort === undefined ? undefined : await grpc?.listen(host, grpcPort).catch(refuse({ grpcPort }));
    await dataPlane.start(options.signal);
    if (options.watch) endWatch = watch(dataPlane, named);
    const models = dataPlane.names.map((name) => {
      const { provider, scheduler, segmenter, whySingly } = dataPlane.model(name);
      const { workers, threads } = scheduler;
      return { name, provider, workers, threads, whySingly, assumed: segmenter?.assumed };
    });
    return { url, grpc: grpcAt, models, close };
  } catch (error) {
    await close(0);
    throw error;
  }
}

/** Loaded by those who serve only. @throws NmodeError (CANNOT_RUN) where its packages are not installed */
const loadServer = () =>
  withPackages('serving models', async () => ({
    ...(await import('../../runtime/server/metrics.js')),
    ...(await import('../../runtime/server/rest/app.js')),
  }));

/** @throws NmodeError (BAD_USAGE) for names that no path can hold, and for one that comes twice */
function namesOf(models: readonly string[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const given of models) {
    const [, stated, path = given] = /^([^=]*)=(.*)$/s.exec(given) ?? [];
    const name = stated ?? stemOf(path);
    if (path === '') throw badUsage(`'${given}' names no file: expected name=path.onnx`);
    if (!/^(?!\.+$)[\w.-]{1,100}$/.test(name)) {
      throw badUsage(
        `'${name}' cannot be a model's name, which is 1 to 100 characters, not dots alone, of A-Z, a-z, 0-9, '_', '.' and '-': try ${likeName(name || stemOf(path))}=${path}`,
      );
    }
    if (named.has(name)) {
      throw badUsage(`two models are called '${name}': give one another name, as in other=${path}`);
    }
    named.set(name, path);
  }
  if (named.size === 0) throw badUsage('no model is given');
  return named;
}

function stemOf(path: string): string {
  return basename(path).replace(/\.onnx$/i, '');
}

/** The nearest to a text that a model can be called. */
function likeName(text: string): string {
  const near = text.replace(/[^\w.-]+/g, '_').replace(/^[_.]+|[_.]+$/g, '');
  return near.slice(0, 100) || 'model';
}

function read(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw badUsage(`${path}: cannot be read: ${reason(error)}`, { cause: error });
  });
}

async function tokensOf({ tokenFile }: ServeOptions): Promise<readonly string[]> {
  if (tokenFile === undefined) return [];
  const lines = (await read(tokenFile)).toString().split('\n');
  const tokens = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.some((token) => /\s/.test(token))) {
    throw badUsage(`${tokenFile}: a line holds more than a token: expected one per line`);
  }
  if (tokens.length === 0) throw badUsage(`${tokenFile}: it holds no token: expected one per line`);
  return tokens;
}

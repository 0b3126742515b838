import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { withPackages } from '../../runtime/node/packages.js';
import { codeOf, makeFolder } from './write-whole.js';

/** Where the page's files are, once built, and those of the browser package, which it looks for in nmode/. */
const DEMO = fileURLToPath(new URL('../../demo', import.meta.url));
const WEB = fileURLToPath(new URL('../../web', import.meta.url));

export interface SiteOptions {
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Default 8080; 0 for one that is free. */
  readonly port?: number;
  /** Send the headers that give WebAssembly threads; default true. */
  readonly isolated?: boolean;
}

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * Serves the page.
 * @throws NmodeError (CANNOT_RUN) where the port cannot be had
 */
export async function serveSite(options: SiteOptions = {}): Promise<Site> {
  const { host = '127.0.0.1', port = 8080, isolated = true } = options;
  const { default: fastify } = await withPackages('serving the page', () => import('fastify'));
  const app = fastify();
  await app.register((scope) => addSite(scope, isolated));
  try {
    return { url: `${await app.listen({ host, port })}/`, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw cannotListen('the page', { port }, error);
  }
}

/**
 * Why a server gets no port, in words.
 * @param ports the port, by the option that chooses it
 */
export function cannotListen(
  what: string,
  ports: Readonly<Record<string, number>>,
  error: unknown,
): NmodeError {
  const busy = codeOf(error) === 'EADDRINUSE';
  const [problem = reason(error)] = Object.entries(busy ? ports : {}).map(
    ([name, port]) => `port ${port} is in use: choose another with ${option(name)}`,
  );
  return new NmodeError('CANNOT_RUN', `${what} cannot be served: ${problem}`, { cause: error });
}

/** Adds the page to a server, at its root. */
export async function addSite(app: FastifyInstance, isolated: boolean): Promise<void> {
  const policy = await contentSecurityPolicy();
  app.addHook('onRequest', async (_, reply) => {
    reply.headers({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      ...(isolated && ISOLATION),
    });
  });
  const { compressFiles } = await import('./compressed-files.js');
  compressFiles(app);
  await addFiles(app, '/', DEMO);
  await addFiles(app, '/nmode/', WEB);
}

/** The page's own, which its workers have only where the server says it as well; no other page may frame it. */
async function contentSecurityPolicy(): Promise<string> {
  const page = await readFile(join(DEMO, 'index.html'), 'utf8');
  const [, policy = "default-src 'none'"] = /content="(default-src[^"]*)"/.exec(page) ?? [];
  return `${policy}; frame-ancestors 'none'`;
}

/**
 * Writes the page's files into a folder that any host can serve.
 * @throws NmodeError: BAD_USAGE where the folder holds something, CANNOT_WRITE
 */
export async function writeSite(folder: string): Promise<void> {
  await makeFolder(folder);
  if ((await readdir(folder)).length > 0) {
    throw badUsage(`${folder}: is not empty: choose a new folder for the page`);
  }
  try {
    await cp(DEMO, folder, { recursive: true });
    await cp(WEB, join(folder, 'nmode'), { recursive: true });
  } catch (error) {
    throw new NmodeError('CANNOT_WRITE', `${folder}: cannot be written: ${reason(error)}`, { cause: error });
  }
}

/** Serves the files of a folder below a path that ends in `/`. */
export async function addFiles(app: FastifyInstance, path: string, root: string): Promise<void> {
  const { default: send } = await import('@fastify/send');
  app.get(`${path}*`, async (request, reply) => {
    const [whole = ''] = request.url.split('?');
    const { statusCode, headers, stream } = await send(request.raw, whole.slice(path.length - 1), { root });
    if (NOTHING_THERE.has(statusCode)) return reply.callNotFound();
    return reply.code(statusCode).type(DEFAULT_TYPE).headers(headers).send(stream);
  });
}

/** Paths that make no sense, that lead out of the folder, and to no file. */
const NOTHING_THERE = new Set([400, 403, 404]);

/** Of files whose name tells none, such as models. */
const DEFAULT_TYPE = 'application/octet-stream';

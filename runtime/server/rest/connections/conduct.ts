import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { NmodeError } from '../../../../graph/common/errors.js';
import { HttpError } from '../failures.js';

/**
 * What HTTP demands of a request whose headers could be read (RFC 9110, RFC 9112), and what this server does not do.
 * @throws HttpError
 */
export function checkRequest({ headers, headersDistinct, httpVersion }: IncomingMessage): void {
  const hosts = headersDistinct.host?.length ?? 0;
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) {
    throw new HttpError(400, `the request has ${hosts} Host headers, expected one`);
  }
  const {
    'transfer-encoding': transfer = 'chunked',
    'content-encoding': encoding = 'identity',
    expect = '100-continue',
  } = headers;
  if (transfer.toLowerCase() !== 'chunked') {
    throw new HttpError(501, `Transfer-Encoding is '${transfer}', expected chunked`);
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw new HttpError(415, `Content-Encoding is '${encoding}': bodies are not decompressed`);
  }
  if (expect.toLowerCase() !== '100-continue') {
    throw new HttpError(417, `Expect is '${expect}', expected 100-continue`);
  }
}

/** Refuses what no route is for, before its body is read: 405 where the path has others. */
export function refuseMissing(app: FastifyInstance): void {
  const routes: { readonly method: string; readonly path: readonly string[] }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each, path: url.split('/') });
  });
  const methodsOf = (url: string) => {
    const path = url.split('/');
    const fitting = routes.filter(
      (route) =>
        route.path.length === path.length &&
        route.path.every((part, index) => (part.startsWith(':') ? path[index] !== '' : part === path[index])),
    );
    return [...new Set(fitting.map(({ method }) => method))].sort();
  };
  app.addHook('onRequest', async ({ is404, method, url }, reply) => {
    if (!is404) return;
    const path = pathOf(url);
    const allowed = methodsOf(path).join(', ');
    if (allowed === '') throw nothingAt(method, url);
    reply.header('allow', allowed);
    throw new HttpError(405, `${method} is not supported for ${path}, expected ${allowed}`);
  });
}

const pathOf = (url: string) => url.replace(/\?.*$/s, '');

export function nothingAt(method: string, url: string): NmodeError {
  return new NmodeError('NOT_FOUND', `there is nothing at ${method} ${pathOf(url)}`);
}

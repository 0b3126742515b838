import type { FastifyInstance } from 'fastify';

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

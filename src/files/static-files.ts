import type { FastifyInstance } from 'fastify';

/** Serves the files of a folder below a path that ends in `/`. */
export async function addFiles(app: FastifyInstance, path: string, root: string): Promise<void> {
  const { default: send } = await import('@fastify/send');
  app.get(`${path}*`, async (request, reply) => {
    const [whole = ''] = request.url.split('?');
    const { statusCode, headers, stream } = await send(request.raw, whole.slice(path.length - 1), { root });
    if (statusCode === 404) return reply.callNotFound();
    return reply.code(statusCode).headers(headers).send(stream);
  });
}

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ServerCore } from '../core.js';
import {
  modelConfig,
  modelMetadata,
  modelParameters,
  modelStatistics,
  repositoryIndex,
  SERVER_METADATA,
} from '../protocol/metadata.js';
import { checkFields, checkLoad, checkUnload } from '../protocol/repository.js';
import { noRegion } from '../protocol/shared-memory.js';
import { isBoolean, isObject, type Json, optional, parseObject } from './bodies/json.js';
import { leavingOf } from './calls.js';

/** A request that names a model. */
export interface ModelRoute {
  readonly Params: { readonly model: string; readonly version?: string };
  readonly Body: Buffer | undefined;
}

/** Where a model is addressed, with and without a version. */
export const modelPaths = (after: string) => [
  `/v2/models/:model${after}`,
  `/v2/models/:model/versions/:version${after}`,
];

/** What is there and how it does: the protocol's metadata and health, Triton's repository, Prometheus's metrics. */
export function addHealth(app: FastifyInstance, core: ServerCore): void {
  const { dataPlane, metrics } = core;
  app.get('/v2', () => SERVER_METADATA);
  app.get('/v2/health/live', () => ({ live: true }));
  const health = (path: string, isReady: () => boolean) => {
    app.get(path, (_, reply) => {
      const ready = isReady();
      reply.code(ready ? 200 : 503);
      return { ready };
    });
  };
  health('/v2/health/ready', () => dataPlane.ready);
  health('/v2/health/startup', () => dataPlane.started);
  const get = (after: string, answer: (params: ModelRoute['Params'], reply: FastifyReply) => object) => {
    for (const path of modelPaths(after))
      app.get<ModelRoute>(path, ({ params }, reply) => answer(params, reply));
  };
  get('', ({ model: name, version }) => {
    // Triton's path for the statistics of all models, unless a model has that name.
    if (name === 'stats' && !dataPlane.names.includes('stats')) return modelStatistics(core);
    const model = dataPlane.model(name, version);
    const parameters = modelParameters(model);
    return { ...modelMetadata(model), ...(Object.keys(parameters).length > 0 && { parameters }) };
  });
  get('/ready', ({ model, version }, reply) => {
    const { name, alive } = dataPlane.model(model, version);
    reply.code(alive ? 200 : 503);
    return { name, ready: alive };
  });
  get('/config', ({ model, version }) => modelConfig(dataPlane.model(model, version)));
  get('/stats', ({ model, version }) => modelStatistics(core, model, version));
  addSharedMemory(app);
  app.post<ModelRoute>('/v2/repository/index', ({ body }) => repositoryIndex(dataPlane, wantsReady(body)));
  app.post<ModelRoute>('/v2/repository/models/:model/load', async ({ params, body }, reply) => {
    checkLoad(parametersOf(body));
    await dataPlane.load(params.model, leavingOf(reply));
    return {};
  });
  app.post<ModelRoute>('/v2/repository/models/:model/unload', async ({ params, body }, reply) => {
    checkUnload(parametersOf(body));
    await dataPlane.unload(params.model, leavingOf(reply));
    return {};
  });
  app.get('/metrics', async (_, reply) => {
    const { text, type } = await metrics.text();
    return reply.type(type).send(text);
  });
}

/** The body of a request to Triton's model repository. */
const repositoryRequest = (body: Uint8Array | undefined): Json =>
  body === undefined || body.length === 0 ? {} : parseObject(body);

/** @throws NmodeError (BAD_USAGE) */
function parametersOf(body: Uint8Array | undefined): Json {
  const request = repositoryRequest(body);
  checkFields(request, ['parameters'], 'the field');
  return optional(request, 'parameters', isObject, 'an object') ?? {};
}

/** Whether the index is to hold models that are ready only. @throws NmodeError (BAD_USAGE) */
function wantsReady(body: Uint8Array | undefined): boolean {
  const request = repositoryRequest(body);
  checkFields(request, ['ready'], 'the field');
  return optional(request, 'ready', isBoolean, 'true or false') ?? false;
}

/** Of Triton's regions of memory there are none: clients ask that before they begin, and register some. */
function addSharedMemory(app: FastifyInstance): void {
  for (const kind of ['systemsharedmemory', 'cudasharedmemory']) {
    const [all, one] = [`/v2/${kind}`, `/v2/${kind}/region/:name`];
    for (const path of [all, one]) {
      app.get(`${path}/status`, () => []);
      app.post(`${path}/unregister`, () => ({}));
    }
    app.post<{ Params: { readonly name: string } }>(`${one}/register`, ({ params }) => {
      throw noRegion(params.name);
    });
  }
}

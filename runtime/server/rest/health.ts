import type { FastifyInstance } from 'fastify';
import type { ServerCore } from '../core.js';
import {
  modelConfig,
  modelMetadata,
  modelParameters,
  modelStatistics,
  repositoryIndex,
  SERVER_METADATA,
} from '../protocol/metadata.js';
import { checkLoad, checkUnload } from '../protocol/repository.js';
import { noRegion } from '../protocol/shared-memory.js';
import { leavingOf } from './calls.js';
import { parametersOf, wantsReady } from './repository.js';

interface ModelParams {
  readonly Params: { readonly model: string; readonly version?: string };
}

interface RepositoryRoute {
  readonly Body: Buffer | undefined;
}

type LoadRoute = ModelParams & RepositoryRoute;

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
  for (const path of modelPaths('')) {
    app.get<ModelParams>(path, ({ params }) => {
      // Triton's path for the statistics of all models, unless a model has that name.
      if (params.model === 'stats' && !dataPlane.names.includes('stats')) return modelStatistics(core);
      const model = dataPlane.model(params.model, params.version);
      const parameters = modelParameters(model);
      return {
        ...modelMetadata(model),
        ...(Object.keys(parameters).length > 0 && { parameters }),
      };
    });
  }
  for (const path of modelPaths('/ready')) {
    app.get<ModelParams>(path, ({ params }, reply) => {
      const { name, alive } = dataPlane.model(params.model, params.version);
      reply.code(alive ? 200 : 503);
      return { name, ready: alive };
    });
  }
  for (const path of modelPaths('/config'))
    app.get<ModelParams>(path, ({ params }) => modelConfig(dataPlane.model(params.model, params.version)));
  for (const path of modelPaths('/stats'))
    app.get<ModelParams>(path, ({ params }) => modelStatistics(core, params.model, params.version));
  addSharedMemory(app);
  app.post<RepositoryRoute>('/v2/repository/index', ({ body }) => {
    return repositoryIndex(dataPlane, wantsReady(body));
  });
  app.post<LoadRoute>('/v2/repository/models/:model/load', async ({ params, body }, reply) => {
    checkLoad(parametersOf(body));
    await dataPlane.load(params.model, leavingOf(reply));
    return {};
  });
  app.post<LoadRoute>('/v2/repository/models/:model/unload', async ({ params, body }, reply) => {
    checkUnload(parametersOf(body));
    await dataPlane.unload(params.model, leavingOf(reply));
    return {};
  });
  app.get('/metrics', async (_, reply) => {
    const { text, type } = await metrics.text();
    return reply.type(type).send(text);
  });
}

interface RegionRoute {
  readonly Params: { readonly name: string };
}

/** Of Triton's regions of memory there are none: clients ask that before they begin, and register some. */
function addSharedMemory(app: FastifyInstance): void {
  for (const kind of ['systemsharedmemory', 'cudasharedmemory']) {
    const [all, one] = [`/v2/${kind}`, `/v2/${kind}/region/:name`];
    for (const path of [all, one]) {
      app.get(`${path}/status`, () => []);
      app.post(`${path}/unregister`, () => ({}));
    }
    app.post<RegionRoute>(`${one}/register`, ({ params }) => {
      throw noRegion(params.name);
    });
  }
}

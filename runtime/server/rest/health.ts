import type { FastifyInstance } from 'fastify';
import { assumptionsText } from '../../../graph/common/assumption.js';
import { recipeText } from '../../../graph/common/recipe.js';
import { VERSION } from '../../../graph/common/version.js';
import type { Segmenter } from '../../node/segmenter.js';
import type { Port } from '../../sessions/tensors.js';
import type { ServerCore } from '../core.js';
import { shapeOf } from '../served-model.js';
import { leavingOf } from './calls.js';
import { checkLoad, checkUnload, wantsReady } from './repository.js';
import { datatypeOf } from './v2.js';

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

/** How a model takes images and what its classes are; `assumed` where the model does not say all of it. */
function imageParameters({ recipe, semantics, assumed }: Segmenter) {
  return {
    recipe: recipeText(recipe),
    ...(semantics.kind === 'exclusive' && { background: String(semantics.background) }),
    ...(semantics.names && { class_names: JSON.stringify(semantics.names) }),
    ...(assumed.length > 0 && { assumed: assumptionsText(assumed) }),
  };
}

/** What is there and how it does: the protocol's metadata and health, Triton's repository, Prometheus's metrics. */
export function addHealth(app: FastifyInstance, { dataPlane, metrics }: ServerCore): void {
  app.get('/v2', () => ({
    name: 'nmode',
    version: VERSION,
    extensions: ['binary_tensor_data', 'model_repository'],
  }));
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
      const model = dataPlane.model(params.model, params.version);
      const { name, version, inputs, outputs, segmenter, whySingly } = model;
      const parameters = {
        ...(segmenter && imageParameters(segmenter)),
        ...(whySingly !== undefined && { batching: `off: ${whySingly}` }),
      };
      const ports = (list: readonly Port[]) =>
        list.map((port) => ({ name: port.name, datatype: datatypeOf(port), shape: shapeOf(port) }));
      return {
        name,
        versions: [version],
        platform: 'onnx_onnxv1',
        inputs: ports(inputs),
        outputs: ports(outputs),
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
  app.post<RepositoryRoute>('/v2/repository/index', ({ body }) => {
    const onlyReady = wantsReady(body);
    const models = dataPlane.names.map((name) => ({ name, version: '1', ...dataPlane.stateOf(name) }));
    return models.filter(({ state }) => state === 'READY' || !onlyReady);
  });
  app.post<LoadRoute>('/v2/repository/models/:model/load', async ({ params, body }, reply) => {
    checkLoad(body);
    await dataPlane.load(params.model, leavingOf(reply));
    return {};
  });
  app.post<LoadRoute>('/v2/repository/models/:model/unload', async ({ params, body }, reply) => {
    checkUnload(body);
    await dataPlane.unload(params.model, leavingOf(reply));
    return {};
  });
  app.get('/metrics', async (_, reply) => {
    const { text, type } = await metrics.text();
    return reply.type(type).send(text);
  });
}

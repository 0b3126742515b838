/** What the protocol tells of a server and its models, the same over all transports. */

import { VERSION } from '../../../graph/common/version.js';
import { assumptionsText } from '../../../graph/recipe/assumption.js';
import { recipeText } from '../../../graph/recipe/recipe.js';
import type { Segmenter } from '../../node/segmenter.js';
import type { Port } from '../../sessions/tensors.js';
import type { ServerCore } from '../core.js';
import type { DataPlane } from '../data-plane.js';
import { type ServedModel, shapeOf } from '../served-model.js';
import { datatypeOf, isDatatype } from './datatypes.js';

export const SERVER_METADATA = {
  name: 'nmode',
  version: VERSION,
  extensions: [
    'binary_tensor_data',
    'classification',
    'model_configuration',
    'model_repository',
    'model_repository(unload_dependents)',
    'statistics',
  ],
};

const portOf = (port: Port) => ({ name: port.name, datatype: datatypeOf(port), shape: shapeOf(port) });

export function modelMetadata({ name, version, inputs, outputs }: ServedModel) {
  return {
    name,
    versions: [version],
    platform: 'onnx_onnxv1',
    inputs: inputs.map(portOf),
    outputs: outputs.map(portOf),
  };
}

/** What it says beyond the protocol; empty for a model of which there is nothing to say. */
export function modelParameters({ segmenter, whySingly }: ServedModel): Record<string, string> {
  return {
    ...(segmenter && imageParameters(segmenter)),
    ...(whySingly !== undefined && { batching: `off: ${whySingly}` }),
  };
}

/** How a model takes images and what its classes are; `assumed` where the model does not say all of it. */
function imageParameters({ recipe, semantics, assumed }: Segmenter): Record<string, string> {
  return {
    recipe: recipeText(recipe),
    ...(semantics.kind === 'exclusive' && { background: String(semantics.background) }),
    ...(semantics.names && { class_names: JSON.stringify(semantics.names) }),
    ...(assumed.length > 0 && { assumed: assumptionsText(assumed) }),
  };
}

/** The models of a repository as Triton lists them: one version each. */
export function repositoryIndex(dataPlane: DataPlane, onlyReady: boolean) {
  const models = dataPlane.names.map((name) => ({ name, version: '1', ...dataPlane.stateOf(name) }));
  return models.filter(({ state }) => state === 'READY' || !onlyReady);
}

/** Triton's names of element types. */
const typeOf = (port: Port) => {
  const name = datatypeOf(port);
  return isDatatype(name) ? `TYPE_${name}` : 'TYPE_INVALID';
};

/** The part of Triton's model configuration that is true of a model here; its shapes count the batch as well. */
export function modelConfig({ name, inputs, outputs, scheduler, provider }: ServedModel) {
  const ports = (list: readonly Port[]) =>
    list.map((port) => ({ name: port.name, data_type: typeOf(port), dims: shapeOf(port) }));
  const kind = provider === 'cpu' ? 'KIND_CPU' : 'KIND_AUTO';
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    max_batch_size: 0,
    input: ports(inputs),
    output: ports(outputs),
    instance_group: [{ name, kind, count: scheduler.workers }],
  };
}

/**
 * What was done for one model, or for all that are loaded.
 * @throws NmodeError: NOT_FOUND; OVERLOADED for one that is being loaded
 */
export function modelStatistics({ dataPlane, metrics }: ServerCore, name?: string, version?: string) {
  const models =
    name === undefined
      ? dataPlane.names.flatMap((each) => dataPlane.find(each) ?? [])
      : [dataPlane.model(name, version)];
  return {
    model_stats: models.map((model) => ({
      name: model.name,
      version: model.version,
      ...metrics.countsOf(model.name).fields,
    })),
  };
}

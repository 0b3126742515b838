import type { Root } from 'protobufjs';
import { NmodeError } from '../../../graph/common/errors.js';
import type { ServerCore } from '../core.js';
import {
  modelConfig,
  modelMetadata,
  modelStatistics,
  repositoryIndex,
  SERVER_METADATA,
} from '../protocol/metadata.js';
import { checkLoad, checkUnload } from '../protocol/repository.js';
import { noRegion } from '../protocol/shared-memory.js';
import { infer } from './infer.js';
import { codecOf, type Fields } from './interfaces.js';
import { type Method, unary } from './method.js';

export const INFERENCE = 'inference.GRPCInferenceService';

type Handle = Parameters<typeof unary>[1];

const nameOf = ({ name }: Fields) => String(name);

/** '' is any. */
const versionOf = ({ version }: Fields) => String(version) || undefined;

/** The parameters of a model's load and unload, as values. */
function parametersOf({ parameters }: Fields): Fields {
  const entries = Object.entries(parameters as Record<string, Fields>);
  return Object.fromEntries(entries.map(([name, choice]) => [name, choice[String(choice.parameter_choice)]]));
}

/** The service of the Open Inference Protocol v2 with Triton's extensions, by the names of its methods. */
export function inferenceMethods(root: Root, core: ServerCore): ReadonlyMap<string, Method> {
  const { dataPlane } = core;
  const modelOf = (request: Fields) => dataPlane.model(nameOf(request), versionOf(request));
  const handlers: Readonly<Record<string, Handle>> = {
    ServerLive: () => ({ live: true }),
    ServerReady: () => ({ ready: dataPlane.ready }),
    ServerMetadata: () => SERVER_METADATA,
    ModelReady: (request) => {
      const { state } = dataPlane.stateOf(nameOf(request));
      return { ready: state === 'READY' && modelOf(request).alive };
    },
    ModelMetadata: (request) => modelMetadata(modelOf(request)),
    ModelConfig: (request) => ({ config: modelConfig(modelOf(request)) }),
    // Of all models, where it names none.
    ModelStatistics: (request) => modelStatistics(core, nameOf(request) || undefined, versionOf(request)),
    RepositoryIndex: ({ ready }) => ({ models: repositoryIndex(dataPlane, ready === true) }),
    RepositoryModelLoad: async (request, { leaving }) => {
      checkLoad(parametersOf(request));
      await dataPlane.load(String(request.model_name), leaving);
      return {};
    },
    RepositoryModelUnload: async (request, { leaving }) => {
      checkUnload(parametersOf(request));
      await dataPlane.unload(String(request.model_name), leaving);
      return {};
    },
    // Of none that are registered: clients ask that before they begin.
    SystemSharedMemoryStatus: () => ({}),
    SystemSharedMemoryUnregister: () => ({}),
    CudaSharedMemoryStatus: () => ({}),
    CudaSharedMemoryUnregister: () => ({}),
    SystemSharedMemoryRegister: (request) => {
      throw noRegion(nameOf(request));
    },
    CudaSharedMemoryRegister: (request) => {
      throw noRegion(nameOf(request));
    },
  };
  const methods = new Map<string, Method>();
  for (const name of Object.keys(root.lookupService(INFERENCE).methods)) {
    const path = `/${INFERENCE}/${name}`;
    const handle = handlers[name];
    const method = handle === undefined ? { answer: () => refuse(name) } : unary(codecOf(root, path), handle);
    methods.set(path, { ...method, isOpen: OPEN.has(name) });
  }
  methods.set(`/${INFERENCE}/ModelInfer`, { answer: (exchange, within) => infer(core, exchange, within) });
  return methods;
}

/** Open to all, as over HTTP. */
const OPEN = new Set(['ServerLive', 'ServerReady']);

/** Before any message is read. */
async function refuse(name: string): Promise<void> {
  const instead = name === 'ModelStreamInfer' ? ': send each request to ModelInfer' : '';
  throw new NmodeError('UNSUPPORTED', `${name} is not supported${instead}`);
}

import { NmodeError } from '../../../graph/common/errors.js';
import type { RuntimeSession } from '../../sessions/runtime-session.js';
import { runtimeFailure, wrapSession } from '../../sessions/wrap-session.js';
import { loadRuntime } from './onnxruntime.js';
import type { Provider } from './providers.js';
import { lackOf } from './requirements.js';

export const GRAPH_OPTIMIZATIONS = ['disabled', 'basic', 'extended', 'all'] as const;
/** How far onnxruntime may rewrite a graph before it runs. */
export type GraphOptimization = (typeof GRAPH_OPTIMIZATIONS)[number];

export interface NativeOptions {
  readonly provider: Provider;
  readonly graphOptimization: GraphOptimization;
  readonly threads: number;
  /** Keep memory of the CPU for the next run. */
  readonly arena: boolean;
  /** Whether threads that wait for work keep their cores; default true. It pays where a session runs again and again. */
  readonly spinning?: boolean;
  /** Where files of the profile go, which begin with this. */
  readonly profilePrefix?: string;
}

/**
 * Opens a model on one provider. Releasing the session also writes the profile.
 * @param model the bytes of an .onnx file
 * @throws NmodeError (CANNOT_RUN) that says what the provider lacks or why the model is refused
 */
export async function openNative(model: Uint8Array, options: NativeOptions): Promise<RuntimeSession> {
  const { provider, graphOptimization, threads, arena, spinning = true, profilePrefix } = options;
  const lack = lackOf(provider.id);
  if (lack !== undefined)
    throw new NmodeError('CANNOT_RUN', [lack.what, lack.remedy].filter(Boolean).join(': '));
  try {
    const runtime = await loadRuntime();
    // onnxruntime writes into the options and the provider that it is given: they are made anew each time.
    const session = await runtime.InferenceSession.create(model, {
      executionProviders: [
        provider.device === undefined ? provider.id : { name: provider.id, deviceId: provider.device },
      ],
      graphOptimizationLevel: graphOptimization,
      intraOpNumThreads: threads,
      enableCpuMemArena: arena,
      logSeverityLevel: 4,
      ...(!spinning && { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
      ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
    });
    const wrapped = wrapSession(session, ({ type, data, dims }) => {
      const tensor = new runtime.Tensor(type as 'float32', data as Float32Array, dims);
      // Of the Float16Array that Node 24 has onnxruntime-node sees no byte; it takes the bits.
      return type === 'float16' ? Object.defineProperty(tensor, 'data', { value: data }) : tensor;
    });
    if (profilePrefix === undefined) return wrapped;
    const release = async () => {
      session.endProfiling();
      await wrapped.release();
    };
    return { ...wrapped, release };
  } catch (error) {
    throw runtimeFailure(error);
  }
}

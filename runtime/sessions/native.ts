import type { InferenceSession } from 'onnxruntime-common';
import { NmodeError, reason } from '../../graph/errors.js';
import type { NativeOptions } from './native-options.js';
import { loadRuntime } from './onnxruntime.js';
import { lackOf } from './requirements.js';
import type { Inputs, Outputs, Port } from './tensors.js';

/** A session of onnxruntime on one provider. Its runs block the thread that they are made in. */
export interface NativeSession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** @param outputs names of those that are wanted; default all */
  run(inputs: Inputs, outputs?: readonly string[]): Promise<Outputs>;
  /** Writes the profile and frees the native memory. */
  release(): Promise<void>;
}

/** Onnxruntime's message without its source file and function. */
function failure(error: unknown): NmodeError {
  const text = reason(error).replace(/^\/\S+:\d+ .*\) was false\. /, '');
  return new NmodeError('CANNOT_RUN', `onnxruntime: ${text}`, { cause: error });
}

function portsOf(metadata: readonly InferenceSession.ValueMetadata[]): readonly Port[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, dtype: value.type, shape: value.shape }
      : { name: value.name, dtype: 'no tensor', shape: [] },
  );
}

/**
 * Opens a model on one provider.
 * @param model the bytes of an .onnx file
 * @throws NmodeError (CANNOT_RUN) that says what the provider lacks or why the model is refused
 */
export async function openNative(model: Uint8Array, options: NativeOptions): Promise<NativeSession> {
  const { provider, graphOptimization, threads, arena, profilePrefix } = options;
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
      ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
    });
    return wrap(session, runtime.Tensor, profilePrefix !== undefined);
  } catch (error) {
    throw failure(error);
  }
}

function wrap(
  session: InferenceSession,
  Tensor: typeof import('onnxruntime-common').Tensor,
  profiled: boolean,
): NativeSession {
  return {
    inputs: portsOf(session.inputMetadata),
    outputs: portsOf(session.outputMetadata),
    async run(inputs, outputs) {
      try {
        const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [
          name,
          data instanceof Float32Array ? new Tensor('float32', data, dims) : new Tensor('uint8', data, dims),
        ]);
        const results = await session.run(Object.fromEntries(feeds), outputs ?? session.outputNames);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, dims }]) => {
            if (!(data instanceof Float32Array)) throw new TypeError(`output '${name}' is not float32`);
            return [name, { data, dims }];
          }),
        );
      } catch (error) {
        throw failure(error);
      }
    },
    async release() {
      if (profiled) session.endProfiling();
      await session.release();
    },
  };
}

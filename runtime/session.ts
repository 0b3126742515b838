/// <reference lib="esnext.disposable" preserve="true" />
import type { InferenceSession } from 'onnxruntime-common';
import { NmodeError, reason } from '../graph/errors.js';

/** How far onnxruntime may rewrite a graph before it runs. */
export type GraphOptimization = 'disabled' | 'basic' | 'extended' | 'all';

export interface SessionOptions {
  /** Default 'all'. */
  readonly graphOptimization?: GraphOptimization;
  /** Threads of one run; default: onnxruntime's choice, one a core. */
  readonly threads?: number;
}

/** Float32 numbers in row-major order. */
export interface Floats {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface Port {
  readonly name: string;
  /** A size, or a name where it is open. */
  readonly shape: readonly (number | string)[];
}

/** A model loaded into onnxruntime. Close it: it holds native memory. */
export interface Session {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** @throws NmodeError (CANNOT_RUN) */
  run(inputs: Readonly<Record<string, Floats>>): Promise<Readonly<Record<string, Floats>>>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** onnxruntime-node, loaded at the first session so that importing this package costs nothing. */
async function loadRuntime() {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  return import('onnxruntime-node');
}

function ports(metadata: readonly InferenceSession.ValueMetadata[]): readonly Port[] {
  return metadata.map((value) => ({ name: value.name, shape: value.isTensor ? value.shape : [] }));
}

/**
 * Loads a model on onnxruntime's CPU provider.
 * @param model the bytes of an .onnx file
 * @throws NmodeError (CANNOT_RUN) where onnxruntime is missing or refuses the model
 */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { graphOptimization = 'all', threads } = options;
  const failed = (error: unknown) =>
    new NmodeError('CANNOT_RUN', `onnxruntime: ${reason(error)}`, { cause: error });
  const runtime = await loadRuntime().catch((error: unknown) => {
    throw failed(error);
  });
  let session: InferenceSession | undefined = await runtime.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: graphOptimization,
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  }).catch((error: unknown) => {
    throw failed(error);
  });
  const close = async () => {
    const open = session;
    session = undefined;
    await open?.release();
  };
  return {
    inputs: ports(session.inputMetadata),
    outputs: ports(session.outputMetadata),
    async run(inputs) {
      if (session === undefined) throw new NmodeError('CANNOT_RUN', 'the session is closed');
      try {
        const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [
          name,
          new runtime.Tensor('float32', data, dims),
        ]);
        const results = await session.run(Object.fromEntries(feeds));
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, dims }]) => {
            if (!(data instanceof Float32Array)) throw new TypeError(`output '${name}' is not float32`);
            return [name, { data, dims }];
          }),
        );
      } catch (error) {
        throw failed(error);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

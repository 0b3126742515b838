import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { NmodeError, reason } from '../../graph/errors.js';
import type { RuntimeSession } from './runtime-session.js';
import type { Port } from './tensors.js';

/** Onnxruntime's message without its source file and function, or the number that it gives an exception. */
export function runtimeFailure(error: unknown): NmodeError {
  const text = reason(error)
    .replace(/^\/\S+:\d+ .*\) was false\. /, '')
    .replace(/^Can't create a session\. ERROR_CODE: \d+, ERROR_MESSAGE: /, '');
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
 * Wraps onnxruntime's own session, that of Node or that of browsers.
 * @param TensorClass of the same onnxruntime
 */
export function wrapSession(session: InferenceSession, TensorClass: typeof Tensor): RuntimeSession {
  return {
    inputs: portsOf(session.inputMetadata),
    outputs: portsOf(session.outputMetadata),
    async run(inputs, outputs) {
      try {
        const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [
          name,
          data instanceof Float32Array
            ? new TensorClass('float32', data, dims)
            : new TensorClass('uint8', data, dims),
        ]);
        const results = await session.run(Object.fromEntries(feeds), outputs ?? session.outputNames);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, dims }]) => {
            if (!(data instanceof Float32Array)) throw new TypeError(`output '${name}' is not float32`);
            return [name, { data, dims }];
          }),
        );
      } catch (error) {
        throw runtimeFailure(error);
      }
    },
    release: () => session.release(),
  };
}

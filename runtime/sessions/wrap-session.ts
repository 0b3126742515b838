import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { badModel, NmodeError, reason } from '../../graph/common/errors.js';
import type { RuntimeSession } from './runtime-session.js';
import type { Inputs, Port } from './tensors.js';

/** What onnxruntime says of failures after which no run succeeds, in its ways and those of WebAssembly. */
const LASTING = [
  [/device.{0,40}\blost\b|\blost\b.{0,40}device/is, 'the graphics card was lost'],
  [/unreachable|\babort(?:ed)?\(|memory access out of bounds|table index/i, 'it failed inside'],
] as const;

/** Onnxruntime's message without its source file and function, or the number that it gives an exception. */
export function runtimeFailure(error: unknown): NmodeError {
  const [, lasting] = LASTING.find(([pattern]) => pattern.test(reason(error))) ?? [];
  if (lasting !== undefined) {
    return new NmodeError('CANNOT_RUN', `onnxruntime: ${lasting}: load the model again`, { cause: error });
  }
  const text = reason(error)
    .replace(/\/\S+:\d+ .* was false\. /, '')
    .replace(/^\/\S+\.cc:\d+ .*\) (?=Unsupported model)/, '')
    .replace(/\/\S+\.(?:cc|h):\d+ [^()]*\([^()]*\)(?: const)? /g, '')
    .replace(/^Can't create a session\. ERROR_CODE: \d+, ERROR_MESSAGE: /, '');
  return new NmodeError('CANNOT_RUN', `onnxruntime: ${text.trim() || 'it fails and does not say why'}`, {
    cause: error,
  });
}

function portsOf(metadata: readonly InferenceSession.ValueMetadata[]): readonly Port[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, dtype: value.type, shape: value.shape }
      : { name: value.name, dtype: 'no tensor', shape: [] },
  );
}

/** @param dtype of the input of that name: halves and whole numbers of 16 bits come in one kind of array */
function tensorOf(
  TensorClass: typeof Tensor,
  data: Inputs[string]['data'],
  dims: readonly number[],
  dtype: string | undefined,
): Tensor {
  if (data instanceof Float32Array) return new TensorClass('float32', data, dims);
  if (data instanceof Uint8Array) return new TensorClass('uint8', data, dims);
  return dtype === 'uint16' ? new TensorClass('uint16', data, dims) : new TensorClass('float16', data, dims);
}

/**
 * Wraps onnxruntime's own session, that of Node or that of browsers.
 * @param TensorClass of the same onnxruntime
 */
export function wrapSession(session: InferenceSession, TensorClass: typeof Tensor): RuntimeSession {
  const inputPorts = portsOf(session.inputMetadata);
  const types = new Map(inputPorts.map(({ name, dtype }) => [name, dtype]));
  return {
    inputs: inputPorts,
    outputs: portsOf(session.outputMetadata),
    async run(inputs, outputs) {
      try {
        const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [
          name,
          tensorOf(TensorClass, data, dims, types.get(name)),
        ]);
        const results = await session.run(Object.fromEntries(feeds), outputs ?? session.outputNames);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, dims, type }]) => {
            if (!(data instanceof Float32Array)) {
              throw badModel(`output '${name}' is ${type}, expected float32`);
            }
            return [name, { data, dims }];
          }),
        );
      } catch (error) {
        throw error instanceof NmodeError ? error : runtimeFailure(error);
      }
    },
    release: () => session.release(),
  };
}

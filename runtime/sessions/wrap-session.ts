import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { badModel, NmodeError, reason } from '../../graph/common/errors.js';
import type { RuntimeSession } from './runtime-session.js';
import type { Outputs, Port, TypedTensor } from './tensors.js';

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
  return new NmodeError('CANNOT_RUN', `onnxruntime: ${text.trim() || 'it failed without a message'}`, {
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

/** Types of elements that onnxruntime packs into bytes, which are not given. */
const PACKED = new Set(['uint4', 'int4']);

/** @throws NmodeError (BAD_MODEL) for elements of less than a byte */
function outputOf(name: string, { type, dims, data }: Tensor): TypedTensor {
  if (PACKED.has(type)) throw badModel(`output '${name}' is ${type}, expected elements of whole bytes`);
  // Half precision has an array of its own in recent engines: it is given as its bits in all of them.
  const isHalf = type === 'float16' && ArrayBuffer.isView(data);
  const bits = isHalf ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { type, dims, data: bits } as TypedTensor;
}

/**
 * Wraps onnxruntime's own session, that of Node or that of browsers.
 * @param tensorOf makes a tensor of the same onnxruntime
 */
export function wrapSession(
  session: InferenceSession,
  tensorOf: (input: TypedTensor) => Tensor,
): RuntimeSession {
  return {
    inputs: portsOf(session.inputMetadata),
    outputs: portsOf(session.outputMetadata),
    async run(inputs, outputs) {
      try {
        const feeds = Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]);
        const results = await session.run(Object.fromEntries(feeds), outputs ?? session.outputNames);
        const given = Object.entries(results).map(([name, tensor]) => [name, outputOf(name, tensor)]);
        return Object.fromEntries(given) as Outputs;
      } catch (error) {
        throw error instanceof NmodeError ? error : runtimeFailure(error);
      }
    },
    release: () => session.release(),
  };
}

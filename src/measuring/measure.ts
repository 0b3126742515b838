import type { Types } from '../../graph/analysis/infer.js';
import { badModel } from '../../graph/common/errors.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { elementCount } from '../../graph/ir/tensor.js';
import type { ValueType } from '../../graph/ir/value.js';
import { createSession, type SessionOptions } from '../../runtime/node/sessions/session.js';
import type { Bytes, Floats, Port } from '../../runtime/sessions/tensors.js';
import { defaultSizes } from '../transform/default-sizes.js';

/** Outputs of one run: the activations of a whole network, all held at once, would not fit everywhere. */
const MAX_OUTPUTS = 16;

/**
 * Runs a model on zeros, one image of 256 x 256 where its sizes are open.
 * @returns the types of its inputs and of its outputs that are float32
 * @throws NmodeError (CANNOT_RUN); the signal's reason
 */
export async function measure(model: Model, options: Pick<SessionOptions, 'signal'> = {}): Promise<Types> {
  await using session = await createSession(encodeModel(model), options);
  const inputs = Object.fromEntries(session.inputs.map((port) => [port.name, zerosFor(port)]));
  const types = new Map<string, ValueType>();
  for (const { name, dtype } of session.inputs) {
    const { dims: shape } = inputs[name] ?? { dims: [] };
    types.set(name, { dtype: dtype === 'uint8' || dtype === 'uint16' ? dtype : 'float32', shape });
  }
  const wanted = session.outputs.filter(({ dtype }) => dtype === 'float32').map(({ name }) => name);
  for (let at = 0; at < wanted.length; at += MAX_OUTPUTS) {
    const some = wanted.slice(at, at + MAX_OUTPUTS);
    const outputs = await session.run(inputs, { ...options, outputs: some });
    for (const [name, { dims }] of Object.entries(outputs))
      types.set(name, { dtype: 'float32', shape: dims });
  }
  return types;
}

/** A declared size may be any number: 1 GiB of float32. */
const MAX_ELEMENTS = 2 ** 28;

/** @throws NmodeError (BAD_MODEL) for an input that would fill the memory */
function zerosFor({ name, dtype, shape }: Port): Floats | Bytes {
  const dims = defaultSizes(name, shape).shape;
  const length = elementCount(dims);
  if (length > MAX_ELEMENTS) throw badModel(`input '${name}' [${dims}] is larger than what is measured with`);
  if (dtype === 'uint8') return { dims, data: new Uint8Array(length) };
  if (dtype === 'uint16') return { dims, data: new Uint16Array(length) };
  return { dims, data: new Float32Array(length) };
}

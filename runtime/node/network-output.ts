import { badModel } from '../../graph/common/errors.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import type { ModelSpec } from '../images/job.js';

/**
 * The model with its probabilities at the size of the network's input. A model that takes images brings them to the
 * image's size in its last node, a Resize; here that node's input becomes the output.
 * @returns the bytes of an .onnx file
 */
export function networkOutput(model: Model, bytes: Uint8Array, { io, recipe }: ModelSpec): Uint8Array {
  if (io === 'tensor' || recipe.sizing.kind === 'pad') return bytes;
  const { graph } = model;
  const [output] = graph.outputs;
  const last = output && graph.nodes.find(({ outputs }) => outputs.includes(output.name));
  const [inner] = last?.inputs ?? [];
  if (last?.opType !== 'Resize' || inner === undefined || output === undefined) {
    throw badModel(
      "the model does not end in a Resize: its probabilities have no other size than each image's own (`at: 'image'`)",
    );
  }
  const nodes = graph.nodes.filter((node) => node !== last);
  return encodeModel({
    ...model,
    graph: {
      ...graph,
      nodes,
      outputs: [{ name: inner, type: { dtype: 'float32', shape: ['', '', '', ''] } }],
    },
  });
}

import { badModel } from '../../graph/common/errors.js';
import type { DType } from '../../graph/ir/dtype.js';
import type { ValueInfo } from '../../graph/ir/model.js';
import type { BundledModel, BundleFormat } from './bundle.js';

/** Triton's `DataType` (model_config.proto). */
const TYPES: Partial<Record<DType, string>> = {
  bool: 'TYPE_BOOL',
  uint8: 'TYPE_UINT8',
  uint16: 'TYPE_UINT16',
  uint32: 'TYPE_UINT32',
  uint64: 'TYPE_UINT64',
  int8: 'TYPE_INT8',
  int16: 'TYPE_INT16',
  int32: 'TYPE_INT32',
  int64: 'TYPE_INT64',
  float16: 'TYPE_FP16',
  float32: 'TYPE_FP32',
  float64: 'TYPE_FP64',
  string: 'TYPE_STRING',
  bfloat16: 'TYPE_BF16',
};

/** Rows of a run where requests are merged. */
const MAX_BATCH = 8;

/** Microseconds that a request waits for others. */
const QUEUE_DELAY = 2000;

/** A model repository of Triton: `NAME/config.pbtxt` and `NAME/1/model.onnx`, which its onnxruntime backend runs. */
export const triton = {
  id: 'triton',
  forImages: false,
  merges: true,
  files: (model: BundledModel) => [
    { path: `${model.name}/config.pbtxt`, contents: configOf(model) },
    { path: `${model.name}/1/model.onnx`, contents: model.bytes },
  ],
} as const satisfies BundleFormat;

function configOf(model: BundledModel): string {
  const { name, inputs, outputs, whySingly, side } = model;
  const isBatched = whySingly === undefined;
  const portsText = (infos: readonly ValueInfo[], textOf: (port: Port) => string) =>
    infos.map((info) => textOf(portOf(info, isBatched))).join('\n');
  const batching = isBatched
    ? `max_batch_size: ${MAX_BATCH}
dynamic_batching {
  max_queue_delay_microseconds: ${QUEUE_DELAY}
}`
    : `# Requests run singly: ${whySingly}.
max_batch_size: 0`;
  return `# For Triton's onnxruntime backend. Sizes of -1 are open.
name: ${quoted(name)}
backend: "onnxruntime"
${batching}
${portsText(inputs, (port) => portText('input', port))}
${portsText(outputs, (port) => portText('output', port))}
# On a GPU where there is one. More copies (count) serve more requests at once, and take their memory.
instance_group {
  kind: KIND_AUTO
  count: 1
}
# The first run allocates: it is not a client's.
model_warmup {
  name: "zeros"
  batch_size: ${isBatched ? 1 : 0}
${portsText(inputs, (port) => warmUpText(port, side))}
}
`;
}

type Port = ReturnType<typeof portOf>;

/**
 * @returns also its sizes: -1 for open ones, and without the batch where requests are merged
 * @throws NmodeError (BAD_MODEL) for what Triton does not take
 */
function portOf({ name, type }: ValueInfo, isBatched: boolean) {
  const found = type && TYPES[type.dtype];
  if (type?.shape === undefined) {
    throw badModel(
      `'${name}' declares no sizes, which Triton's configuration requires: optimize the model, which infers them`,
    );
  }
  if (found === undefined) throw badModel(`'${name}' is of ${type.dtype}, which Triton does not support`);
  const dims = type.shape.map((size) => (typeof size === 'number' ? size : -1));
  return { name, type: found, dims: isBatched ? dims.slice(1) : dims };
}

const portText = (kind: 'input' | 'output', { name, type, dims }: Port) => `${kind} {
  name: ${quoted(name)}
  data_type: ${type}
  dims: [ ${dims.join(', ')} ]
}`;

/** Open sizes are the image's sides; a batch that is open, and requests are not merged, is 1. */
function warmUpText({ name, type, dims }: Port, side: number): string {
  const sizes = dims.map((size, axis) => (size !== -1 ? size : axis === 0 && dims.length === 4 ? 1 : side));
  return `  inputs {
    key: ${quoted(name)}
    value {
      data_type: ${type}
      dims: [ ${sizes.join(', ')} ]
      zero_data: true
    }
  }`;
}

/** A string of protobuf's text format: names come from models, and may hold anything. */
function quoted(text: string): string {
  const bytes = Array.from(Buffer.from(text), (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, '0')}`
      : String.fromCharCode(byte),
  );
  return `"${bytes.join('')}"`;
}

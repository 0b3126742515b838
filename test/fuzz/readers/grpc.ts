import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { InferMessage, modelNamedIn } from '../../../runtime/server/grpc/infer-request.js';
import { protos } from '../../support/fixtures.js';
import type { FuzzedReader } from '../fuzz.js';
import { mutateRequest } from '../mutators/protobuf.js';

const interfaces = new protobuf.Root();
for (const name of ['model_config.proto', 'grpc_service.proto']) {
  const source = readFileSync(join(protos, name), 'utf8');
  protobuf.parse(source, interfaces, { keepCase: true });
}
const Request = interfaces.lookupType('inference.ModelInferRequest');

const PORTS = [
  { name: 'input', dtype: 'float32', shape: [1, 3, 'H', 2] },
  { name: 'image', dtype: 'uint8', shape: [1, 1, 2, 3] },
  { name: 'half', dtype: 'float16', shape: [1, 4] },
];
const INPUT = { name: 'input', datatype: 'FP32', shape: [1, 3, 1, 2] };
const IMAGE = { name: 'image', datatype: 'UINT8', shape: [1, 1, 2, 3] };
const HALF = { name: 'half', datatype: 'FP16', shape: [1, 4] };
const FILES = { name: 'image', datatype: 'BYTES', shape: [2] };
const parameters = { timeout: { int64_param: 1000 }, binary_data_output: { bool_param: true } };
const SEEDS = [
  {
    inputs: [
      { ...INPUT, contents: { fp32_contents: [0, 1, 2, 3, 4, 5] } },
      { ...IMAGE, contents: { uint_contents: [0, 1, 2, 3, 4, 255] } },
    ],
  },
  {
    id: '1',
    parameters,
    inputs: [INPUT, IMAGE, HALF],
    outputs: [
      { name: 'mask', parameters: { shared_memory_region: { string_param: 'a' } } },
      { name: 'edge' },
    ],
    raw_input_contents: [Buffer.alloc(24), Buffer.alloc(6), Buffer.alloc(8)],
  },
  { inputs: [{ ...FILES, contents: { bytes_contents: [Buffer.from('a'), Buffer.from('b')] } }] },
  { inputs: [FILES], raw_input_contents: [Buffer.from('\x01\0\0\0a\x01\0\0\0b')] },
].map((request) =>
  Request.encode(Request.fromObject({ model_name: 'model', model_version: '1', ...request })).finish(),
);

/** ModelInferRequest, which is read by hand. */
export const inferMessage: FuzzedReader = {
  name: 'infer message',
  codes: ['BAD_USAGE', 'UNSUPPORTED'],
  first: /is no ModelInferRequest/,
  make: (random) => mutateRequest(random.pick(SEEDS), random),
  read(input) {
    modelNamedIn(input.subarray(0, 16));
    const message = new InferMessage(input);
    if (message.image !== undefined) return message.image;
    return [message.isRaw, message.read(PORTS, 1024, (length) => new ArrayBuffer(length))];
  },
};

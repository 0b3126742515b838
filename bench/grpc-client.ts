/** The client of bench/grpc.ts: URL ADDRESS MODEL. It sends bytes that are ready, and looks at answers no further than that they are whole. */
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs/light.js';
import { print } from '../src/cli/output/print.js';
import type { Rates } from './grpc.js';

const [url = '', address = '', model = ''] = process.argv.slice(2);
const [ROUNDS, SECONDS, IN_FLIGHT] = [7, 3, 4];
const SHAPE = [1, 3, 256, 256];
const data = Float32Array.from({ length: 3 * 256 * 256 }, (_, at) => (at % 97) / 97);
const tensor = Buffer.from(data.buffer);
/** Of the answer's tensor; around it there is some more. */
const ANSWER = 4 * 256 * 256;

const json = Buffer.from(
  JSON.stringify({
    inputs: [
      { name: 'input', datatype: 'FP32', shape: SHAPE, parameters: { binary_data_size: tensor.length } },
    ],
    parameters: { binary_data_output: true },
  }),
);
const body = Buffer.concat([json, tensor]);
const agent = new Agent({ keepAlive: true });

async function overHttp(): Promise<Buffer> {
  const headers = { 'inference-header-content-length': json.length, 'content-length': body.length };
  const sent = request(`${url}/v2/models/${model}/infer`, { method: 'POST', agent, headers });
  return new Promise((resolve, reject) => {
    sent.on('response', (response) => buffer(response).then(resolve, reject));
    sent.on('error', reject).end(body);
  });
}

/** ModelInferRequest: model_name, an input of name, datatype and shape, raw_input_contents. */
const head = protobuf.Writer.create().uint32(10).string(model).uint32(42).fork();
head.uint32(10).string('input').uint32(18).string('FP32').uint32(26).fork();
for (const size of SHAPE) head.int64(size);
const message = Buffer.from(head.ldelim().ldelim().uint32(58).bytes(tensor).finish());
const window = { 'grpc-node.flow_control_window': 2 ** 22, 'grpc.max_receive_message_length': -1 };
const client = new grpc.Client(address, grpc.credentials.createInsecure(), window);
const INFER = '/inference.GRPCInferenceService/ModelInfer';
const same = (bytes: Buffer) => bytes;

function overGrpc(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(INFER, same, same, message, (error, answer) => {
      if (error || answer === undefined) reject(error);
      else resolve(answer);
    });
  });
}

async function rateOf(send: () => Promise<Buffer>): Promise<number> {
  const start = performance.now();
  const end = start + 1000 * SECONDS;
  let count = 0;
  const loop = async () => {
    while (performance.now() < end) {
      const { length } = await send();
      if (length < ANSWER) throw new Error(`an answer of ${length} bytes`);
      count++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  return (1000 * count) / (performance.now() - start);
}

const ways = { http: overHttp, grpc: overGrpc };
const rates = { http: [] as number[], grpc: [] as number[] } satisfies Rates;
// Once before it counts.
for (const send of Object.values(ways)) await rateOf(send);
for (let round = 0; round < ROUNDS; round++) {
  for (const way of round % 2 === 0 ? (['http', 'grpc'] as const) : (['grpc', 'http'] as const)) {
    rates[way].push(await rateOf(ways[way]));
  }
}
print(JSON.stringify(rates));
client.close();
agent.destroy();

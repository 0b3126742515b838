import { readFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root } from '../../../support/fixtures.js';
import { clientOf, INFER, type Loose, rawCall } from '../../../support/grpc-client.js';
import { binary } from '../../../support/served.js';
import { tinyServer } from '../../../support/tiny-server.js';

const tiny = tinyServer({ grpcPort: 0, maxBody: 2e6 });
const SHAPE = [1, 3, 8, 8];
const data = Float32Array.from({ length: 192 }, (_, index) => Math.sin(index));
const bytes = Buffer.from(data.buffer);
const input = { name: 'input', datatype: 'FP32', shape: SHAPE };
const raw = { model_name: 'small', inputs: [input], raw_input_contents: [bytes] };

let client: ReturnType<typeof clientOf>;
let health: ReturnType<typeof clientOf>;
beforeAll(() => {
  client = clientOf(tiny.grpc());
  health = clientOf(tiny.grpc(), 'grpc.health.v1.Health');
});
afterAll(() => {
  client.close();
  health.close();
});

describe('a request of tensors', () => {
  it('gets the bytes that it gets over HTTP', async () => {
    const json = {
      inputs: [{ ...input, parameters: { binary_data_size: bytes.length } }],
      parameters: { binary_data_output: true },
    };
    const { tail } = await tiny.send('/v2/models/small/infer', binary(json, bytes));
    const { value } = await client.call('ModelInfer', { ...raw, id: 'seven' });
    expect(value).toMatchObject({
      model_name: 'small',
      model_version: '1',
      id: 'seven',
      outputs: [{ datatype: 'FP32', shape: [1, 3, 8, 8] }],
    });
    expect(Buffer.compare(value.raw_output_contents[0], tail)).toBe(0);
    expect(new Float32Array(tail.slice().buffer).some((each) => each > 0)).toBe(true);
  });

  it('may tell its numbers one by one, and gets them so', async () => {
    const contents = { fp32_contents: [...data] };
    const typed = await client.call('ModelInfer', { model_name: 'small', inputs: [{ ...input, contents }] });
    const { value } = await client.call('ModelInfer', raw);
    expect(typed.value.raw_output_contents).toEqual([]);
    const numbers = Float32Array.from(typed.value.outputs[0].contents.fp32_contents);
    expect(Buffer.compare(Buffer.from(numbers.buffer), value.raw_output_contents[0])).toBe(0);
  });

  it('says itself in which form it wants outputs', async () => {
    const parameters = { binary_data_output: { bool_param: false } };
    const { value } = await client.call('ModelInfer', { ...raw, parameters });
    expect(value.outputs[0].contents.fp32_contents).toHaveLength(192);
  });

  it.each([
    ['NOT_FOUND', 'another model', { model_name: 'none' }, "Request for unknown model: 'none' is not found"],
    ['NOT_FOUND', 'another version', { model_version: '9' }, "unknown model: 'small' version 9 is not found"],
    ['INVALID_ARGUMENT', 'no inputs', { inputs: [] }, "the request has no 'inputs'"],
    ['INVALID_ARGUMENT', 'no values', { raw_input_contents: [] }, 'its contents have 0 values, expected 192'],
    ['INVALID_ARGUMENT', 'two tensors', { raw_input_contents: [bytes, bytes] }, 'has 2 tensors for 1 inputs'],
    [
      'INVALID_ARGUMENT',
      'few bytes',
      { raw_input_contents: [bytes.subarray(4)] },
      'byte size 764, expected 768',
    ],
    [
      'INVALID_ARGUMENT',
      'FP64',
      { inputs: [{ ...input, datatype: 'FP64' }] },
      "data-type is 'FP64', expected 'FP32'",
    ],
    [
      'INVALID_ARGUMENT',
      'a size of -1',
      { inputs: [{ ...input, shape: [-1, 3, 8, 8] }] },
      'is not a list of sizes',
    ],
    [
      'INVALID_ARGUMENT',
      'both forms',
      { inputs: [{ ...input, contents: { fp32_contents: [1] } }] },
      'both contents',
    ],
    [
      'INVALID_ARGUMENT',
      'another output',
      { outputs: [{ name: 'none' }] },
      "unexpected inference output 'none'",
    ],
    [
      'INVALID_ARGUMENT',
      'no time',
      { parameters: { timeout: { int64_param: -1 } } },
      "'timeout' is not a number",
    ],
    [
      'UNIMPLEMENTED',
      'shared memory',
      { inputs: [{ ...input, parameters: { shared_memory_region: { string_param: 'a' } } }] },
      "input 'input' is in a shared memory region, and shared memory is not supported",
    ],
  ])('fails with %s where it has %s', async (code, _, changes, why) => {
    expect(await client.call('ModelInfer', { ...raw, ...changes })).toEqual({
      code,
      details: expect.stringContaining(why),
    });
  });

  it('is refused by its size before it is read', async () => {
    const large = { ...raw, raw_input_contents: [Buffer.alloc(2e6)] };
    expect(await client.call('ModelInfer', large)).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: expect.stringMatching(/the message has 20000\d\d bytes, at most 2000000 are accepted/),
    });
  });

  it('may be an image, whose mask it gets as over HTTP', async () => {
    const image = readFileSync(join(root, 'fixtures/images/ISIC_0000082.jpg'));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(image.length);
    const bytesInput = { name: 'image', datatype: 'BYTES', shape: [1] };
    const asRaw = {
      model_name: 'small',
      inputs: [bytesInput],
      raw_input_contents: [Buffer.concat([length, image])],
    };
    const contents = { bytes_contents: [image] };
    const parameters = { min_area: { int64_param: 50 } };
    const { json } = await tiny.send('/v1/models/small/segment?min_area=50', { body: new Uint8Array(image) });
    for (const request of [asRaw, { model_name: 'small', inputs: [{ ...bytesInput, contents }] }]) {
      const { value } = await client.call('ModelInfer', { ...request, parameters });
      expect(value.outputs).toMatchObject([
        { name: 'mask', datatype: 'UINT8', shape: [json.height, json.width] },
      ]);
      const [labels] = value.raw_output_contents;
      for (const { label, area } of json.classes)
        expect(labels.filter((each: number) => each === label)).toHaveLength(area);
      expect(json.classes.some(({ area }: Loose) => area > 0)).toBe(true);
    }
    const empty = { ...asRaw, raw_input_contents: [Buffer.alloc(4)] };
    expect(await client.call('ModelInfer', empty)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const cut = { ...asRaw, raw_input_contents: [Buffer.from([9, 0, 0, 0])] };
    expect(await client.call('ModelInfer', cut)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is counted with those that come over HTTP', async () => {
    const name = 'nv_inference_request_success{model="small",version="1"}';
    const before = await tiny.metric(name);
    await client.call('ModelInfer', raw);
    expect(await tiny.metric(name)).toBe(before + 1);
    const route = 'route="inference.GRPCInferenceService/ModelInfer",status="OK"';
    expect(await tiny.metric(`nmode_request_seconds_count{${route}}`)).toBeGreaterThan(0);
  });
});

describe('what there is', () => {
  it('is told as over HTTP', async () => {
    const { json } = await tiny.send('/v2/models/small');
    const { value } = await client.call('ModelMetadata', { name: 'small' });
    const { parameters, ...metadata } = json;
    expect(value).toEqual(metadata);
    const server = await client.call('ServerMetadata', {});
    expect(server.value).toEqual((await tiny.send('/v2')).json);
    const index = await client.call('RepositoryIndex', {});
    const listed = await tiny.send('/v2/repository/index', { method: 'POST' });
    expect(index.value.models).toEqual(listed.json);
  });

  it('has a configuration and statistics, as over HTTP', async () => {
    await client.call('ModelInfer', raw);
    const config = await client.call('ModelConfig', { name: 'small' });
    expect(config.value.config).toMatchObject((await tiny.send('/v2/models/small/config')).json);
    const counted = await client.call('ModelStatistics', { name: 'small' });
    expect(counted.value).toMatchObject((await tiny.send('/v2/models/small/stats')).json);
    const [{ inference_stats: stats, inference_count: images }] = counted.value.model_stats;
    expect(stats.success.count).toBe(images);
    expect(stats.success.ns).toBeGreaterThanOrEqual(stats.compute_infer.ns);
    expect(stats.fail.count).toBeGreaterThan(0);
    const all = await client.call('ModelStatistics', {});
    expect(all.value.model_stats).toHaveLength(2);
    expect(all.value).toMatchObject((await tiny.send('/v2/models/stats')).json);
  });

  it('has no shared memory, and says so over HTTP as well', async () => {
    for (const kind of ['systemsharedmemory', 'cudasharedmemory']) {
      expect((await tiny.send(`/v2/${kind}/status`)).json).toEqual([]);
      expect((await tiny.send(`/v2/${kind}/unregister`, { method: 'POST' })).status).toBe(200);
      const { status, json } = await tiny.send(`/v2/${kind}/region/a/register`, { body: '{}' });
      expect([status, json.error]).toEqual([
        501,
        expect.stringContaining("region 'a': shared memory is not supported"),
      ]);
    }
  });

  it('is live, ready and healthy', async () => {
    expect((await client.call('ServerLive', {})).value).toEqual({ live: true });
    expect((await client.call('ServerReady', {})).value).toEqual({ ready: true });
    expect((await client.call('ModelReady', { name: 'small' })).value).toEqual({ ready: true });
    expect((await health.call('Check', {})).value).toEqual({ status: 'SERVING' });
    expect(await health.call('Check', { service: 'none' })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['ModelStreamInfer', 'ModelStreamInfer is not supported: send each request to ModelInfer'],
    [
      'SystemSharedMemoryRegister',
      "failed to register shared memory region 'a': shared memory is not supported",
    ],
    [
      'CudaSharedMemoryRegister',
      "failed to register shared memory region 'a': shared memory is not supported",
    ],
    ['TraceSetting', 'TraceSetting is not supported'],
  ])('%s is not one of it', async (method, why) => {
    const answered =
      method === 'ModelStreamInfer'
        ? await new Promise((resolve) => {
            const stream = client.client.ModelStreamInfer();
            stream.on('error', ({ code, details }: Loose) =>
              resolve({ code: code === 12 && 'UNIMPLEMENTED', details }),
            );
            stream.on('data', () => {}).write(raw);
          })
        : await client.call(method, { name: 'a' });
    expect(answered).toMatchObject({ code: 'UNIMPLEMENTED', details: expect.stringContaining(why) });
  });

  it.each(['v1', 'v1alpha'])('is described to those who ask by reflection %s', async (version) => {
    const reflection = clientOf(tiny.grpc(), `grpc.reflection.${version}.ServerReflection`);
    const stream = reflection.client.ServerReflectionInfo();
    const answers: Loose[] = [];
    const ended = new Promise((resolve) =>
      stream.on('data', (each: Loose) => answers.push(each)).once('end', resolve),
    );
    stream.write({ list_services: '' });
    stream.write({ file_containing_symbol: 'inference.ModelInferRequest.InferInputTensor' });
    stream.write({ file_by_filename: 'none.proto' });
    stream.end();
    await ended;
    reflection.close();
    const [list, file, none] = answers;
    expect(list.list_services_response.service).toContainEqual({ name: 'inference.GRPCInferenceService' });
    // With the file that it imports.
    expect(file.file_descriptor_response.file_descriptor_proto).toHaveLength(2);
    expect(none.error_response).toMatchObject({ error_code: 5 });
  });
});

describe('a client that is not one of gRPC', () => {
  it.each([
    ['another type', { http: 415 }, INFER, Buffer.alloc(0), { 'content-type': 'application/json' }],
    ['an unknown method', { code: '12' }, '/a.B/C', Buffer.alloc(0), {}],
    ['a compressed message', { code: '12' }, INFER, Buffer.from([1, 0, 0, 0, 0]), {}],
    ['a coding', { code: '12' }, INFER, Buffer.alloc(5), { 'grpc-encoding': 'gzip' }],
    ['no message', { code: '3' }, INFER, Buffer.alloc(0), {}],
    ['half a message', { code: '3' }, INFER, Buffer.from([0, 0, 0, 0, 9, 1]), {}],
    ['two messages', { code: '3' }, INFER, Buffer.alloc(10), {}],
    ['a length without end', { code: '8' }, INFER, Buffer.from([0, 255, 255, 255, 255]), {}],
    ['no protobuf', { code: '3' }, INFER, Buffer.from([0, 0, 0, 0, 2, 255, 255]), {}],
    ['a timeout of words', { code: '3' }, INFER, Buffer.alloc(5), { 'grpc-timeout': 'soon' }],
  ])('is told so: %s', async (_, expected, path, body, headers) => {
    expect(await rawCall(tiny.grpc(), path, body, headers)).toMatchObject(expected);
  });

  it('is cut off where it asks all the time whether the server is there', async () => {
    const session = connectHttp2(`http://${tiny.grpc()}`).on('error', () => {});
    const why = new Promise((resolve) =>
      session.once('goaway', (code, _, data) => resolve([code, String(data)])),
    );
    const asking = setInterval(() => session.destroyed || session.ping(() => {}), 5);
    expect(await why).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM, 'too_many_pings']);
    clearInterval(asking);
    session.destroy();
  });
});

import { execFileSync, spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Value } from '../../../../graph/ir/value.js';
import { globalAveragePool } from '../../../../graph/ops/pool.js';
import { createSession } from '../../../../runtime/node/sessions/session.js';
import { bytesOfTexts } from '../../../../runtime/server/protocol/classification.js';
import { type ServeOptions, serve } from '../../../../src/api/serve.js';
import { exported, root } from '../../../support/fixtures.js';
import { clientOf, INFER, type Loose, rawCall } from '../../../support/grpc-client.js';
import { COLOURS, pixelwiseBytes } from '../../../support/pixelwise.js';
import { blob, input, SIDE, sendTo, told, trained } from '../../../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-grpc-'));
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  const size = { batch: 1, height: SIDE, width: SIDE };
  writeFileSync(file('model.onnx'), await exported(trained, { ...told, size }));
  writeFileSync(file('open.onnx'), await exported(trained, { ...told, size: {} }));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A server for one test. */
async function serving(
  options: Omit<ServeOptions, 'models'>,
  test: (address: string, url: string) => Promise<unknown>,
) {
  const models = [file('model.onnx'), file('open.onnx')];
  const server = await serve({ models, port: 0, grpcPort: 0, workers: 1, ...options });
  try {
    await test(server.grpc ?? '', server.url);
  } finally {
    await server.close(1000);
  }
}

const request = (model: string, side = SIDE, tensor: Uint8Array = blob) => ({
  model_name: model,
  inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3, side, side] }],
  raw_input_contents: [tensor],
});
const large = (side: number) => request('open', side, Buffer.alloc(4 * 3 * side * side));

/** A message of which only the first bytes come. */
function begun(model: string, length: number): Buffer {
  const name = Buffer.from(model);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  // The name, and the tag of the inputs.
  return Buffer.concat([head, Buffer.from([10, name.length]), name, Buffer.from([42])]);
}

it('gives a client of another process what the Node API gives, bit for bit', () =>
  serving({}, async (address) => {
    writeFileSync(file('input'), blob);
    const script = join(root, 'test/support/grpc-infer.mjs');
    const child = spawn(process.execPath, [script, address, 'model', file('input'), file('output')], {
      stdio: 'inherit',
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    await using session = await createSession(readFileSync(file('model.onnx')), { threads: 1 });
    const [expected] = Object.values(await session.run({ input }, { type: 'float32' }));
    expect(
      Buffer.compare(readFileSync(file('output')), Buffer.from(expected?.data.buffer as ArrayBuffer)),
    ).toBe(0);
  }));

it('wants one of its tokens and speaks TLS as over HTTP, but for its health', async () => {
  writeFileSync(file('tokens'), 'secret');
  const [cert, key] = [file('cert.pem'), file('key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', ...made, ...subject], { stdio: 'ignore' });
  await serving({ tokenFile: file('tokens'), tls: { cert, key } }, async (listens) => {
    const address = listens.replace('127.0.0.1', 'localhost');
    const credentials = grpc.credentials.createSsl(readFileSync(cert));
    const client = clientOf(address, undefined, credentials);
    const asked = (authorization?: string) =>
      client.call(
        'ModelInfer',
        request('model'),
        authorization === undefined ? {} : { metadata: { authorization } },
      );
    expect(await asked()).toEqual({ code: 'UNAUTHENTICATED', details: 'a bearer token is required' });
    expect(await asked('Bearer wrong')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await asked('Bearer secret')).toMatchObject({ code: 'OK' });
    expect(await client.call('ModelMetadata', { name: 'model' })).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await client.call('ServerReady', {})).toMatchObject({ code: 'OK' });
    const health = clientOf(address, 'grpc.health.v1.Health', credentials);
    expect((await health.call('Check', {})).value).toEqual({ status: 'SERVING' });
    client.close();
    health.close();
  });
});

it('refuses more than there is room for before it is read, and answers for its health', () =>
  serving({ maxRequests: 1 }, async (address, url) => {
    const open = rawCall(address, INFER, begun('model', 5000), { 'grpc-timeout': '1S' }, true);
    const client = clientOf(address);
    let answer = await client.call('ModelInfer', request('model'));
    while (answer.code === 'OK') answer = await client.call('ModelInfer', request('model'));
    expect(answer).toEqual({ code: 'UNAVAILABLE', details: '1 requests are already in progress' });
    expect((await sendTo(`${url}/v2`)).status).toBe(503);
    expect(await client.call('ServerReady', {})).toMatchObject({ code: 'OK' });
    // A message that does not come in its time makes room.
    expect(await open).toMatchObject({ code: '4', message: 'the message did not come within 1000 ms' });
    expect(await client.call('ModelInfer', request('model'))).toMatchObject({ code: 'OK' });
    client.close();
  }));

it('holds no more bytes of messages than of bodies', () =>
  serving({ maxBody: 4e6, maxInflight: 4e6 }, async (address) => {
    const open = rawCall(address, INFER, begun('model', 3e6), { 'grpc-timeout': '500m' }, true);
    const client = clientOf(address);
    let answer = await client.call('ModelInfer', large(320));
    while (answer.code === 'OK') answer = await client.call('ModelInfer', large(320));
    expect(answer).toMatchObject({
      code: 'UNAVAILABLE',
      details: expect.stringContaining('of 4000000 bytes for bodies and responses are in use'),
    });
    await open;
    client.close();
  }));

it('asks the model once its name has come, and keeps the time that its client gives', () =>
  serving({}, async (address) => {
    // Of five megabytes, two dozen bytes come.
    expect(await rawCall(address, INFER, begun('none', 5e6), {}, true)).toMatchObject({ code: '5' });
    const client = clientOf(address);
    const timeout = { int64_param: 1 };
    const late = await client.call('ModelInfer', { ...large(512), parameters: { timeout } });
    expect(late).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      details: expect.stringMatching(/^no response within 0.001 ms/),
    });
    client.close();
  }));

it('classifies the scores of classes, over both transports alike', async () => {
  const end = (logits: Value) => globalAveragePool(logits);
  writeFileSync(file('scores.onnx'), pixelwiseBytes({ ...COLOURS, end }));
  const server = await serve({
    models: [file('scores.onnx'), file('model.onnx')],
    port: 0,
    grpcPort: 0,
    workers: 1,
  });
  const client = clientOf(server.grpc ?? '');
  const tensor = new Float32Array(192).fill(0.5);
  const entry = { name: 'input', datatype: 'FP32', shape: [1, 3, 8, 8] };
  const asked = (name: string) => [{ name, parameters: { classification: { int64_param: 2 } } }];
  const sent = { inputs: [entry], raw_input_contents: [Buffer.from(tensor.buffer)] };
  const { value } = await client.call('ModelInfer', { model_name: 'scores', ...sent, outputs: asked('out') });
  expect(value.outputs).toMatchObject([{ datatype: 'BYTES', shape: [1, 2] }]);
  const texts = ['-3.000000:1', '-3.000000:2'];
  expect(value.raw_output_contents).toEqual([bytesOfTexts(texts)]);
  const outputs = [{ name: 'out', parameters: { classification: 2 } }];
  const body = JSON.stringify({ inputs: [{ ...entry, data: [...tensor] }], outputs });
  const { json } = await sendTo(`${server.url}/v2/models/scores/infer`, { body });
  expect(json.outputs).toEqual([{ name: 'out', datatype: 'BYTES', shape: [1, 2], data: texts }]);
  expect(await client.call('ModelInfer', { ...request('model'), outputs: asked('mask') })).toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: expect.stringContaining('cannot be classified'),
  });
  client.close();
  await server.close();
});

it('drops the work of clients that cancel', () =>
  serving({ maxQueue: 100 }, async (address, url) => {
    const client = clientOf(address);
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const all = Array.from({ length: 16 }, () =>
      client.call('ModelInfer', large(256), { signal: stop.signal }),
    );
    const metrics = async () => Buffer.from((await sendTo(`${url}/metrics`)).bytes).toString();
    while (!/nv_inference_pending_request_count\{model="open",version="1"\} [1-9]/.test(await metrics()));
    stop.abort();
    const codes = new Set((await Promise.all(all)).map(({ code }) => code));
    expect(codes).toContain('CANCELLED');
    const idle = 'nv_inference_pending_request_count{model="open",version="1"} 0';
    while (!(await metrics()).includes(idle));
    expect(await metrics()).toMatch(
      /nv_inference_request_failure\{model="open",version="1",reason="CANCELED"\} \d/,
    );
    client.close();
  }));

it('answers what it accepted when it ends, and tells those who watch its health', async () => {
  // A machine that is busy takes its time.
  const patience = { deadlineMs: 60_000, drainMs: 60_000 };
  const server = await serve({ models: [file('open.onnx')], port: 0, grpcPort: 0, workers: 1, ...patience });
  const client = clientOf(server.grpc ?? '');
  const health = clientOf(server.grpc ?? '', 'grpc.health.v1.Health');
  const statuses: string[] = [];
  const watch = health.client.Watch({ service: '' });
  const ended = new Promise<Loose>((resolve) => watch.once('error', resolve));
  watch.on('data', ({ status }: Loose) => statuses.push(status));
  await once(watch, 'data');
  const all = Array.from({ length: 6 }, () => client.call('ModelInfer', large(256)));
  const pending = async () => (await client.call('ModelStatistics', { name: 'open' })).value?.model_stats[0];
  while ((await pending()).execution_count === 0);
  await server.close();
  expect((await Promise.all(all)).map(({ code }) => code)).toEqual(new Array(6).fill('OK'));
  expect([statuses, (await ended).code]).toEqual([['SERVING', 'NOT_SERVING'], grpc.status.UNAVAILABLE]);
  expect(await client.call('ServerLive', {})).toMatchObject({ code: 'UNAVAILABLE' });
  client.close();
  health.close();
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import { readMask } from '../../runtime/node/images/files.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { probeInput } from '../../runtime/sessions/probe.js';
import { loadTest } from '../../src/loadtest.js';
import { type Server, serve } from '../../src/serve.js';
import { exported, fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-serve-'));
const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
const photograph = readFileSync(fixture('images', 'ISIC_0000082.jpg'));
const told = { decoder: 'eed', activation: 'gelu' } as const;
const SIDE = 32;
const file = (name: string) => join(folder, name);

let server: Server;
const logged: string[] = [];

beforeAll(async () => {
  const size = { batch: 1, height: SIDE, width: SIDE };
  writeFileSync(file('fixed.onnx'), await exported(trained, { ...told, size }));
  writeFileSync(file('open.onnx'), await exported(trained, { ...told, size: {} }));
  writeFileSync(file('bytes.onnx'), await exported(trained, { ...told, io: 'image', size }));
  server = await serve({
    models: ['fixed', 'open', 'bytes'].map((name) => file(`${name}.onnx`)),
    port: 0,
    workers: 1,
    maxBatch: 4,
    maxBody: 2 ** 20,
    maxElements: 2 ** 16,
    log: { write: (line) => void logged.push(line) },
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
}

async function send(path: string, { method, headers, body }: Sent = {}) {
  const response = await fetch(server.url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  const isJson = /json|octet/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: isJson ? JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))) : undefined,
    tail: bytes.subarray(length),
  };
}

const input = probeInput({ name: 'input', dtype: 'float32', shape: [1, 3, SIDE, SIDE] });
const numbers = Array.from(input.data);
const blob = new Uint8Array(input.data.slice().buffer);
const port = { name: 'input', shape: [1, 3, SIDE, SIDE], datatype: 'FP32' };
const infer = (model: string) => `/v2/models/${model}/infer`;

/** A request of JSON, and of tensors as bytes behind it. */
function binary(request: object, ...tensors: readonly Uint8Array[]): Sent {
  const json = Buffer.from(JSON.stringify(request));
  return {
    headers: { 'inference-header-content-length': String(json.length) },
    body: new Uint8Array(Buffer.concat([json, ...tensors])),
  };
}

/** What the Node API gives for the same input. */
async function expected(name: string): Promise<Float32Array> {
  await using session = await createSession(readFileSync(file(`${name}.onnx`)), { threads: 1 });
  const { mask } = await session.run({ input });
  return mask?.data ?? new Float32Array();
}

/** Whether JSON is what a schema of the server's own document says. */
async function conforms(json: unknown, schema: string): Promise<void> {
  const { json: document } = await send('/docs/openapi.json');
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema(document, 'api');
  const valid = ajv.validate(`api#/components/schemas/${schema}`, json);
  expect(valid ? [] : ajv.errors).toEqual([]);
}

describe('what is there', () => {
  it.each([
    [
      '/v2',
      { name: 'nmode', version: expect.any(String), extensions: ['binary_tensor_data', 'model_repository'] },
    ],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/health/startup', { ready: true }],
    ['/v2/models/fixed/ready', { name: 'fixed', ready: true }],
    ['/v2/models/fixed/versions/1/ready', { name: 'fixed', ready: true }],
    [
      '/v2/models/open',
      {
        name: 'open',
        versions: ['1'],
        platform: 'onnx_onnxv1',
        inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 3, -1, -1] }],
        outputs: [{ name: 'mask', datatype: 'FP32', shape: [-1, 1, -1, -1] }],
      },
    ],
    [
      '/v2/models/bytes/versions/1',
      {
        name: 'bytes',
        versions: ['1'],
        platform: 'onnx_onnxv1',
        inputs: [{ name: 'image', datatype: 'UINT8', shape: [1, -1, -1, 3] }],
        outputs: [{ name: 'mask', datatype: 'FP32', shape: expect.any(Array) }],
      },
    ],
  ])('%s', async (path, json) => {
    expect(await send(path)).toMatchObject({ status: 200, json });
  });

  it.each([
    ['/v2/models/none', "Request for unknown model: 'none' is not found"],
    ['/v2/models/fixed/versions/2', "Request for unknown model: 'fixed' version 2 is not found"],
    ['/v2/models/none/ready', "Request for unknown model: 'none' is not found"],
    ['/nothing', 'there is nothing at GET /nothing'],
  ])('not %s', async (path, error) => {
    expect(await send(path)).toMatchObject({ status: 404, json: { error } });
  });
});

describe('tensors', () => {
  it.each<[string, Sent]>([
    ['flat JSON', { body: JSON.stringify({ inputs: [{ ...port, data: numbers }] }) }],
    [
      'nested JSON',
      {
        body: JSON.stringify({
          inputs: [{ ...port, data: [[numbers.slice(0, 1024)], numbers.slice(1024)] }],
        }),
      },
    ],
    [
      'JSON without a Content-Type',
      { body: new TextEncoder().encode(JSON.stringify({ inputs: [{ ...port, data: numbers }] })) },
    ],
    ['bytes', binary({ inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob)],
    [
      'bytes behind JSON of every length',
      binary({ id: 'abc', inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob),
    ],
    [
      'JSON, and bytes as the answer',
      {
        body: JSON.stringify({
          parameters: { binary_data_output: true },
          inputs: [{ ...port, data: numbers }],
        }),
      },
    ],
    [
      'bytes, and bytes of one output as the answer',
      binary(
        {
          inputs: [{ ...port, parameters: { binary_data_size: blob.length } }],
          outputs: [{ name: 'mask', parameters: { binary_data: true } }],
        },
        blob,
      ),
    ],
  ])('as %s give the probabilities of the Node API, bit for bit', async (_, sent) => {
    const found = await send(infer('fixed'), sent);
    expect(found).toMatchObject({
      status: 200,
      json: {
        model_name: 'fixed',
        model_version: '1',
        outputs: [{ name: 'mask', datatype: 'FP32', shape: [1, 1, SIDE, SIDE] }],
      },
    });
    await conforms(found.json, 'InferResponse');
    const [output] = found.json.outputs;
    const data =
      output.parameters === undefined
        ? Float32Array.from(output.data)
        : new Float32Array(found.tail.slice().buffer);
    expect(output.parameters?.binary_data_size ?? found.tail.length).toBe(found.tail.length);
    expect(data).toEqual(await expected('fixed'));
  });

  it('the id comes back, and only with a request that has one', async () => {
    const body = (id?: string) => JSON.stringify({ id, inputs: [{ ...port, data: numbers }] });
    expect((await send(infer('fixed'), { body: body('42') })).json.id).toBe('42');
    expect((await send(infer('fixed'), { body: body() })).json).not.toHaveProperty('id');
  });

  it('of 8 bits go to a model that takes images', async () => {
    const image = { name: 'image', shape: [1, 5, 7, 3], datatype: 'UINT8' };
    const data = Array.from({ length: 105 }, (_, i) => (i * 37) & 255);
    const [asJson, asBytes] = [
      await send(infer('bytes'), { body: JSON.stringify({ inputs: [{ ...image, data }] }) }),
      await send(
        infer('bytes'),
        binary({ inputs: [{ ...image, parameters: { binary_data_size: 105 } }] }, Uint8Array.from(data)),
      ),
    ];
    expect(asJson).toMatchObject({ status: 200, json: { outputs: [{ shape: [1, 1, 5, 7] }] } });
    expect(asBytes.json.outputs).toEqual(asJson.json.outputs);
  });

  it('of several requests at a time are batched, and each gets its own', async () => {
    const requests = Array.from({ length: 12 }, (_, i) => {
      const data = input.data.slice() as Float32Array;
      data[0] = i;
      const bytes = new Uint8Array(data.buffer);
      return binary(
        { id: String(i), inputs: [{ ...port, parameters: { binary_data_size: bytes.length } }] },
        bytes,
      );
    });
    const [alone, together] = [[], []] as [unknown[], unknown[]];
    for (const request of requests) alone.push((await send(infer('open'), request)).json);
    together.push(
      ...(await Promise.all(requests.map(async (each) => (await send(infer('open'), each)).json))),
    );
    expect(together).toEqual(alone);
    expect((await send('/metrics')).bytes.length).toBeGreaterThan(1000);
  });
});

describe('what is refused', () => {
  const withInput = (changes: object) => ({
    body: JSON.stringify({ inputs: [{ ...port, data: numbers, ...changes }] }),
  });
  it.each<[string, string, Sent, RegExp]>([
    ['no JSON', 'fixed', { body: 'inputs' }, /^failed to parse the request JSON: /],
    ['a list', 'fixed', { body: '[]' }, /^failed to parse the request JSON: it is no object$/],
    ['nothing', 'fixed', { method: 'POST' }, /^failed to parse the request JSON: /],
    ['no inputs', 'fixed', { body: '{}' }, /^the request has no 'inputs'$/],
    ['an input that is none', 'fixed', withInput({ name: 'x' }), /^unexpected inference input 'x'$/],
    ['half precision', 'fixed', withInput({ datatype: 'FP16' }), /data-type is 'FP16', expected 'FP32'$/],
    [
      'another type',
      'bytes',
      { body: JSON.stringify({ inputs: [{ ...port, name: 'image', data: [1] }] }) },
      /data-type is 'FP32', expected 'UINT8'$/,
    ],
    [
      'another shape',
      'fixed',
      { body: JSON.stringify({ inputs: [{ ...port, shape: [1, 3, 16, 16], data: numbers.slice(0, 768) }] }) },
      /^unexpected shape for input 'input' for model 'fixed': expected \[1,3,32,32\], got \[1,3,16,16\]$/,
    ],
    [
      'a size that the network cannot halve',
      'open',
      {
        body: JSON.stringify({
          inputs: [{ ...port, shape: [1, 3, 20, 20], data: numbers.slice(0, 1200) }],
        }),
      },
      /^model 'open' does not run on 'input' \[1,3,20,20\]$/,
    ],
    [
      'an empty tensor',
      'open',
      { body: JSON.stringify({ inputs: [{ ...port, shape: [0, 3, 32, 32], data: [] }] }) },
      /^unexpected shape/,
    ],
    ['a negative size', 'fixed', withInput({ shape: [-1, 3, 32, 32] }), /'shape' is not a list of sizes/],
    ['too few values', 'fixed', withInput({ data: [1] }), /'data' has 1 values, expected 3072$/],
    ['too many values', 'fixed', withInput({ data: [...numbers, 1] }), /more than the 3072 values/],
    ['text among the values', 'fixed', withInput({ data: ['1'] }), /a value of 'data' is no FP32$/],
    ['no data', 'fixed', withInput({ data: undefined }), /^input 'input' has no 'data'$/],
    [
      'too many elements',
      'open',
      { body: JSON.stringify({ inputs: [{ ...port, shape: [1, 3, 512, 512], data: [] }] }) },
      /786432 elements, at most 65536 are taken$/,
    ],
    [
      'an output that is none',
      'fixed',
      { body: JSON.stringify({ inputs: [{ ...port, data: numbers }], outputs: [{ name: 'y' }] }) },
      /^unexpected inference output 'y' for model 'fixed'$/,
    ],
    [
      'fewer bytes than told',
      'fixed',
      binary({ inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob.subarray(4)),
      /takes 12288 bytes, 12284 are left$/,
    ],
    [
      'bytes that follow',
      'fixed',
      binary({ inputs: [{ ...port, parameters: { binary_data_size: blob.length } }] }, blob, blob),
      /^12288 bytes follow the last input$/,
    ],
    [
      'bytes of another size',
      'fixed',
      binary({ inputs: [{ ...port, parameters: { binary_data_size: 4 } }] }, blob),
      /unexpected total byte size 4, expected 12288/,
    ],
    [
      'a header that is longer than the body',
      'fixed',
      { headers: { 'inference-header-content-length': '99' }, body: '{}' },
      /is '99' for a body of 2 bytes$/,
    ],
    [
      'a header that is no number',
      'fixed',
      { headers: { 'inference-header-content-length': '-1' }, body: '{}' },
      /is '-1' for a body/,
    ],
    [
      'numbers nested without end',
      'fixed',
      {
        body: `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":${'['.repeat(5000)}${']'.repeat(5000)}}]}`,
      },
      /nested too deeply$/,
    ],
  ])('%s', async (_, model, sent, says) => {
    const found = await send(infer(model), sent);
    expect(found).toMatchObject({ status: 400, json: { error: expect.stringMatching(says) } });
  });

  it('a body beyond the limit, told or not', async () => {
    const body = new Uint8Array(2 ** 20 + 1);
    const large = await send(infer('fixed'), { body });
    expect(large).toMatchObject({ status: 413, json: { error: expect.stringMatching(/1048576 bytes/) } });
  });

  it('what takes longer than the client waits', async () => {
    const body = JSON.stringify({ parameters: { timeout: 1 }, inputs: [{ ...port, data: numbers }] });
    expect((await send(infer('fixed'), { body })).status).toBe(504);
  });
});

describe('images', () => {
  const path = '/v1/models/fixed/segment';
  const form = () => {
    const data = new FormData();
    data.append('image', new Blob([photograph]), 'lesion.jpg');
    return data;
  };

  it.each([
    ['as the body', { body: new Uint8Array(photograph) }],
    ['as a form', { body: form() }],
  ])("%s give Node's mask", async (_, { body }) => {
    const { status, headers, bytes } = await send(path, { headers: { accept: 'image/png' }, body });
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'image/png' });
    await using segmenter = await Segmenter.load(file('fixed.onnx'));
    expect(await readMask(bytes)).toEqual((await segmenter.segment(photograph)).mask);
  });

  it('give areas, boxes, contours and run lengths as JSON', async () => {
    const { json } = await send(`${path}?threshold=0.4&fill_holes=true`, {
      body: new Uint8Array(photograph),
    });
    await conforms(json, 'Segmentation');
    const [{ area, parts, boxes, contours, rle }] = json.classes;
    expect(json).toMatchObject({
      model: 'fixed',
      version: '1',
      width: 512,
      height: 512,
      provider: 'cpu',
      tiles: 1,
    });
    expect(boxes).toHaveLength(parts);
    expect(contours.length).toBeGreaterThanOrEqual(parts);
    expect(rle.size).toEqual([512, 512]);
    const inside = rle.counts.filter((_: number, i: number) => i % 2 === 1);
    expect(inside.reduce((sum: number, count: number) => sum + count, 0)).toBe(area);
    expect(Object.keys(json.timings)).toContain('inference');
  });

  it('give themselves with the mask laid over', async () => {
    const headers = { accept: 'image/png;view=overlay' };
    const { status, bytes } = await send(path, { headers, body: new Uint8Array(photograph) });
    expect(status).toBe(200);
    expect(Buffer.from(bytes.subarray(1, 4)).toString()).toBe('PNG');
  });

  it.each<[string, string, Sent, number, RegExp]>([
    ['no image', path, { body: 'text' }, 400, /^the image: cannot be read as an image: expected JPEG/],
    ['nothing', path, { method: 'POST' }, 400, /it is empty/],
    [
      'an unknown option',
      `${path}?fill=1`,
      { body: new Uint8Array(photograph) },
      400,
      /^'fill' is none of threshold/,
    ],
    [
      'a threshold of 2',
      `${path}?threshold=2`,
      { body: new Uint8Array(photograph) },
      400,
      /threshold 2 is not from 0 to 1/,
    ],
    [
      'an answer that nobody gives',
      path,
      { headers: { accept: 'text/html' }, body: new Uint8Array(photograph) },
      400,
      /^Accept is 'text\/html'/,
    ],
    [
      'no model among several',
      '/v1/segment',
      { body: new Uint8Array(photograph) },
      400,
      /several models are served/,
    ],
    [
      'a model that is none',
      '/v1/models/none/segment',
      { body: new Uint8Array(photograph) },
      404,
      /unknown model/,
    ],
  ])('not %s', async (_, where, sent, status, error) => {
    expect(await send(where, sent)).toMatchObject({ status, json: { error: expect.stringMatching(error) } });
  });
});

describe('a server', () => {
  it('has a document that its answers conform to, and a page of it', async () => {
    for (const [path, schema] of [
      ['/v2', 'ServerMetadata'],
      ['/v2/health/live', 'Live'],
      ['/v2/health/ready', 'Ready'],
      ['/v2/models/open', 'ModelMetadata'],
      ['/v2/models/open/ready', 'Ready'],
      ['/v2/models/none', 'Error'],
    ] as const) {
      await conforms((await send(path)).json, schema);
    }
    await conforms((await send('/v2/repository/index', { method: 'POST' })).json, 'Repository');
    const { json } = await send('/docs/openapi.json');
    const paths = Object.keys(json.paths).map((path) => path.replace('{model}', 'open'));
    for (const path of paths.filter((each) => !/load|infer|segment|index/.test(each))) {
      expect((await send(path)).status).toBe(200);
    }
    expect(Buffer.from((await send('/docs')).bytes).toString()).toContain('<h3>InferRequest</h3>');
  });

  it('logs requests with their ids, and never what is in them', async () => {
    logged.length = 0;
    await send(infer('fixed'), {
      headers: { 'x-request-id': 'mine' },
      body: JSON.stringify({ inputs: [{ ...port, data: numbers }] }),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const lines = logged.map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { reqId: 'mine', method: 'POST', route: '/v2/models/:model/infer', status: 200, msg: 'request' },
    ]);
    expect(logged.join('').length).toBeLessThan(400);
  });

  it("counts under Triton's names", async () => {
    const text = Buffer.from((await send('/metrics')).bytes).toString();
    for (const name of [
      'nv_inference_request_success{model="fixed",version="1"}',
      'nv_inference_request_failure{model="fixed",version="1",reason="OTHER"}',
      'nv_inference_pending_request_count{model="open",version="1"} 0',
      'nmode_stage_seconds_bucket{le="0.01",model="fixed",version="1",stage="inference"}',
      'nmode_batch_size_bucket',
      'nmode_model_ready{model="bytes",version="1",provider="cpu"} 1',
      'process_resident_memory_bytes',
    ]) {
      expect(text).toContain(name);
    }
  });

  it('is measured by its own load test, in a closed and an open loop', async () => {
    const closed = await loadTest({ url: server.url, model: 'fixed', clients: 3, duration: 0.5 });
    expect(closed).toMatchObject({ loop: 'closed', load: 3, shape: [1, 3, 32, 32], errors: {} });
    expect(closed.answered).toBeGreaterThan(5);
    const open = await loadTest({
      url: server.url,
      model: 'bytes',
      rate: 20,
      duration: 0.5,
      binary: false,
      size: { height: 8, width: 8 },
    });
    expect(open).toMatchObject({ loop: 'open', load: 20, shape: [1, 8, 8, 3], errors: {} });
    expect(open.latency.p99).toBeGreaterThanOrEqual(open.latency.p50);
    await expect(loadTest({ url: server.url })).rejects.toThrow(
      /the server has fixed, open, bytes: choose a model/,
    );
  });

  it('wants one of its tokens, but for its health', async () => {
    writeFileSync(file('tokens'), '# three\none\n\ntwo\n');
    const guarded = await serve({ models: [file('fixed.onnx')], port: 0, tokenFile: file('tokens') });
    try {
      const status = async (path: string, token?: string) =>
        (
          await fetch(
            guarded.url + path,
            token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
          )
        ).status;
      expect(await Promise.all([status('/v2'), status('/v2', 'three'), status('/v2', 'two')])).toEqual([
        401, 401, 200,
      ]);
      expect(await status('/v2/health/live')).toBe(200);
      for (const path of ['/metrics', '/%76%32', '/v2/', '/v2/health/../models/fixed', '/nothing']) {
        expect(await status(path)).toBe(401);
      }
    } finally {
      await guarded.close();
    }
  });

  it('loads, replaces and unloads models while it answers; a corrupt one is refused and the old one goes on', async () => {
    const path = file('changing.onnx');
    writeFileSync(path, readFileSync(file('fixed.onnx')));
    const changing = await serve({ models: [path], port: 0, workers: 1, watch: true });
    try {
      const status = async (where: string, method = 'GET') => {
        const response = await fetch(changing.url + where, { method });
        await response.arrayBuffer();
        return response.status;
      };
      const shape = async () =>
        (await (await fetch(`${changing.url}/v2/models/changing`)).json()).inputs[0].shape;
      const until = async (side: number) => {
        while ((await shape())[3] !== side) await new Promise((resolve) => setTimeout(resolve, 50));
      };
      const answers: number[] = [];
      let goes = true;
      const load = (async () => {
        while (goes) {
          const [, , , side] = await shape();
          const data = new Array(3 * side * side).fill(1);
          const body = JSON.stringify({ inputs: [{ ...port, shape: [1, 3, side, side], data }] });
          const response = await fetch(changing.url + infer('changing'), { method: 'POST', body });
          await response.arrayBuffer();
          const { status: code } = response;
          // Between the two requests, another may have come in its place.
          if (code !== 400) answers.push(code);
        }
      })();
      writeFileSync(path, 'corrupt');
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await shape()).toEqual([1, 3, 32, 32]);
      const size = { batch: 1, height: 16, width: 16 };
      writeFileSync(path, await exported(trained, { ...told, size }));
      await until(16);
      goes = false;
      await load;
      expect(new Set(answers)).toEqual(new Set([200]));
      expect(await status('/v2/repository/models/changing/load', 'POST')).toBe(200);
      expect(await status('/v2/repository/models/changing/unload', 'POST')).toBe(200);
      expect(await status('/v2/models/changing')).toBe(404);
      expect(await status('/v2/health/ready')).toBe(503);
      expect(await status('/v2/health/startup')).toBe(200);
      expect(await status('/v2/health/live')).toBe(200);
      expect(await status('/v2/repository/models/changing/load', 'POST')).toBe(200);
      expect(await status('/v2/health/ready')).toBe(200);
    } finally {
      await changing.close();
    }
  });
});

describe('nmode serve', () => {
  it.each([
    ['a model that is not there', [file('none.onnx')], 3, /none\.onnx: cannot be read/],
    ['two of one name', [file('fixed.onnx'), file('fixed.onnx')], 2, /two models are called 'fixed'/],
    [
      'half of what TLS takes',
      [file('fixed.onnx'), '--tls-cert', 'a.pem'],
      2,
      /--tls-cert and --tls-key go together/,
    ],
    [
      'tokens that are not there',
      [file('fixed.onnx'), '--token-file', file('none')],
      2,
      /none: cannot be read/,
    ],
    ['a provider that is none', [file('fixed.onnx'), '--provider', 'gpu'], 2, /provider 'gpu' is unknown/],
  ])('%s', (_, args, status, says) => {
    const run = nmode('serve', ...args, '--port', '0', '--quiet');
    expect(run).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(says) });
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('a load test of nobody', () => {
    expect(nmode('loadtest', 'http://127.0.0.1:1', '--duration', '1')).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/^nmode: http:\/\/127\.0\.0\.1:1\/v2\/repository\/index: /),
    });
    expect(nmode('loadtest', 'nowhere')).toMatchObject({ status: 2 });
  });
});

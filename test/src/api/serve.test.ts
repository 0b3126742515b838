import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { loadTest } from '../../../src/api/loadtest.js';
import { serve } from '../../../src/api/serve.js';
import { exported } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';
import { infer, port, served, told, trained, withInput } from '../../support/served.js';

const logged: string[] = [];
const loading: (readonly [number, number])[] = [];
const { conforms, counted, file, send, url } = served({
  log: { write: (line) => void logged.push(line) },
  onProgress: (...step) => loading.push(step),
});

it('tells how many of its models are loaded', () => {
  expect(loading).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
});

it('says which of its ports is in use', async () => {
  const { port: taken } = new URL(url());
  const starting = serve({ models: [file('fixed')], port: 0, grpcPort: Number(taken) });
  await expect(starting).rejects.toThrow(`port ${taken} is in use: choose another with \`grpcPort\``);
  await expect(serve({ models: [file('fixed')], port: Number(taken) })).rejects.toThrow(
    `port ${taken} is in use: choose another with \`port\``,
  );
});

describe('what is there', () => {
  it.each([
    [
      '/v2',
      {
        name: 'nmode',
        version: expect.any(String),
        extensions: [
          'binary_tensor_data',
          'classification',
          'model_configuration',
          'model_repository',
          'model_repository(unload_dependents)',
          'statistics',
        ],
      },
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
    const paths = Object.keys(json.paths).map((path) =>
      path.replace('{model}', 'open').replace('{version}', '1'),
    );
    expect(paths).toContain('/v2/models/open/versions/1/infer');
    for (const path of paths.filter((each) => !/load|infer|segment|index|register/.test(each))) {
      expect((await send(path)).status).toBe(200);
    }
    expect(Buffer.from((await send('/docs')).bytes).toString()).toContain('<h3>InferRequest</h3>');
  });

  it('has a document that tells how tokens are sent, of what type options are, and every status', async () => {
    const { json } = await send('/docs/openapi.json');
    expect(json.components.securitySchemes).toEqual({ bearer: { type: 'http', scheme: 'bearer' } });
    expect(json.security).toEqual([{}, { bearer: [] }]);
    expect(json.paths['/v2/health/live'].get.security).toEqual([]);
    const { parameters, responses } = json.paths['/v1/segment'].post;
    const types = parameters.map(({ schema }: { schema: { type: string } }) => schema.type);
    expect(types).toEqual(['number', 'number', 'boolean', 'boolean']);
    expect(Object.keys(responses).map(Number)).toEqual([
      ...[200, 400, 401, 404, 405, 408, 413, 414, 415, 417, 431, 500, 501, 503, 504],
    ]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a Content-Type without a slash', { 'content-type': 'json' }, 'Unsupported Media Type'],
    ['a Content-Type of two', { 'content-type': 'application/json, text/plain' }, 'Unsupported Media Type'],
    [
      'a body that is encoded',
      { 'content-encoding': 'gzip' },
      "Content-Encoding is 'gzip': bodies are not decompressed",
    ],
  ])('does not take %s', async (_, headers, error) => {
    for (const path of [infer('fixed'), '/v1/models/fixed/segment']) {
      expect(await send(path, { ...withInput(), headers })).toMatchObject({ status: 415, json: { error } });
    }
    const identity = { 'content-encoding': 'identity', 'content-type': 'any/type' };
    expect((await send(infer('fixed'), { ...withInput(), headers: identity })).status).toBe(200);
  });

  it('takes no longer ids of requests than 200 characters', async () => {
    logged.length = 0;
    for (const id of ['x'.repeat(200), 'x'.repeat(201)]) {
      await send('/v2', { headers: { 'x-request-id': id } });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ids = logged.map((line) => JSON.parse(line).reqId);
    expect(ids).toEqual(['x'.repeat(200), expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('logs requests with their ids, and never what is in them', async () => {
    logged.length = 0;
    await send(infer('fixed'), { ...withInput(), headers: { 'x-request-id': 'mine' } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const lines = logged.map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { reqId: 'mine', method: 'POST', route: '/v2/models/:model/infer', status: 200, msg: 'request' },
    ]);
    expect(logged.join('').length).toBeLessThan(400);
  });

  it('logs and counts once a request whose client left, whether or not it had sent it', async () => {
    const requests = (status: number) =>
      counted(`nmode_request_seconds_count{route="/v2/models/:model/infer",status="${status}"}`);
    const before = [await requests(200), await requests(499)] as const;
    logged.length = 0;
    const shape = [1, 3, 256, 256];
    const { body } = withInput({ shape, data: new Array(3 * 256 * 256).fill(1) });
    const whole = String(body);
    for (const part of [whole, whole.slice(0, 100)]) {
      const socket = connect(Number(new URL(url()).port), '127.0.0.1');
      socket.write(`POST ${infer('open')} HTTP/1.1\r\nHost: x\r\nContent-Length: ${whole.length}\r\n\r\n`);
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.destroy();
    }
    expect((await send(infer('open'), { body: whole })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const lines = logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
    expect(lines.map(({ status }) => status)).toEqual([499, 499, 200]);
    expect([await requests(200), await requests(499)]).toEqual([before[0] + 1, before[1] + 2]);
  });

  it('logs when it begins to end, with what is under way, and when it has ended', async () => {
    const lines: string[] = [];
    const log = { write: (line: string) => void lines.push(line) };
    const ending = await serve({ models: [file('open.onnx')], port: 0, workers: 1, log });
    const sending = request(ending.url + infer('open'), {
      method: 'POST',
      headers: { expect: '100-continue' },
    });
    sending.flushHeaders();
    // By then the server has it.
    await once(sending, 'continue');
    const closed = ending.close();
    sending.end(withInput().body);
    const [answer] = await once(sending, 'response');
    expect(answer.resume().statusCode).toBe(200);
    await closed;
    expect(lines.map((line) => JSON.parse(line)).slice(-3)).toMatchObject([
      { msg: 'ending', requests: 1 },
      { msg: 'request', status: 200 },
      { msg: 'ended' },
    ]);
  });

  it("counts under Triton's names", async () => {
    await send(infer('fixed'), withInput());
    await send(infer('fixed'), { body: '{}' });
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
    const closed = await loadTest({ url: url(), model: 'fixed', clients: 3, duration: 0.5 });
    expect(closed).toMatchObject({ loop: 'closed', load: 3, shape: [1, 3, 32, 32], errors: {} });
    expect(closed.answered).toBeGreaterThan(5);
    const open = await loadTest({
      url: url(),
      model: 'bytes',
      rate: 20,
      duration: 0.5,
      binary: false,
      size: { height: 8, width: 8 },
    });
    expect(open).toMatchObject({ loop: 'open', load: 20, shape: [1, 8, 8, 3], errors: {} });
    expect(open.latency.p99).toBeGreaterThanOrEqual(open.latency.p50);
    await expect(loadTest({ url: url() })).rejects.toThrow(
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

describe('a model that is unloaded', () => {
  const repository = (what: string) => send(`/v2/repository/models/${what}`, { method: 'POST' });
  afterEach(async () => {
    for (const name of ['open', 'bytes']) await repository(`${name}/load`);
  });

  it('leaves requests that name none as they were: they are asked for a name', async () => {
    for (const name of ['open', 'bytes']) {
      expect((await repository(`${name}/unload`)).status).toBe(200);
      expect(await send('/v1/segment', { method: 'POST' })).toMatchObject({
        status: 400,
        json: { error: 'several models are served, name one: /v1/models/{fixed, open, bytes}/segment' },
      });
    }
    expect((await send('/v1/models/open/segment', { method: 'POST' })).status).toBe(404);
  });

  it('is counted as not ready', async () => {
    const ready = async () =>
      Buffer.from((await send('/metrics')).bytes)
        .toString()
        .match(/^nmode_model_ready\{.*/gm);
    const lines = (open: number) => [
      'nmode_model_ready{model="fixed",version="1",provider="cpu"} 1',
      `nmode_model_ready{model="open",version="1",provider="cpu"} ${open}`,
      'nmode_model_ready{model="bytes",version="1",provider="cpu"} 1',
    ];
    await repository('open/unload');
    expect(await ready()).toEqual(lines(0));
    await repository('open/load');
    expect(await ready()).toEqual(lines(1));
  });
});

describe('nmode serve', () => {
  it.each([
    ['a model that is not there', [file('none.onnx')], 3, /none\.onnx: cannot be read/],
    ...(
      [
        ['=model.onnx', "''", 'model=model.onnx'],
        ['a/b=model.onnx', "'a/b'", 'a_b=model.onnx'],
        ['my model.onnx', "'my model'", 'my_model=my model.onnx'],
        ['../..', "'..'", 'model=../..'],
        ['\u76ae.onnx', "'\u76ae'", 'model=\u76ae.onnx'],
      ] as const
    ).map(([given, name, instead]): [string, string[], number, RegExp] => [
      `a model called ${given}`,
      [given],
      2,
      new RegExp(`: ${name} cannot be a model's name, .*'-': try ${instead}$`, 'm'),
    ]),
    [
      'a name that is too long',
      [`${'a'.repeat(101)}=model.onnx`],
      2,
      /cannot be a model's name, which is 1 to 100 characters, .*: try a{100}=model\.onnx$/m,
    ],
    ['a name without a file', ['lesion='], 2, /'lesion=' names no file: expected name=path\.onnx/],
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

  it('tells what its page shows, and what a batch is limited to', () => {
    const help = nmode('serve', '--help').stdout.replace(/\s+/g, ' ');
    expect(help).toContain(
      '--ui serve the page of nmode demo at /, without tokens; it runs its own model in the browser, not the served ones',
    );
    expect(help).toContain(
      'to merge into one run, if the batch of the model is open; does not limit a single request',
    );
    expect(help).toContain('waiting runs, and images in progress; more are refused (503)');
  });

  it('a load test of nobody', () => {
    expect(nmode('loadtest', 'http://127.0.0.1:1', '--duration', '1')).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/^nmode: http:\/\/127\.0\.0\.1:1\/v2\/repository\/index: /),
    });
    expect(nmode('loadtest', 'nowhere')).toMatchObject({ status: 2 });
  });

  it('a load test that is of a closed loop and of an open one', async () => {
    expect(nmode('loadtest', 'http://127.0.0.1:1', '--rate', '5', '--clients', '2')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/'--rate <n>' cannot be used with option '--clients <n>'/),
    });
    await expect(loadTest({ url: url(), model: 'fixed', rate: 5, clients: 2 })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: '`clients` make a closed loop and `rate` an open one: give one of them',
    });
  });
});

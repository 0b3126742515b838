import { type ChildProcess, spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exported, fixture, root } from '../support/fixtures.js';
import { main } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-faults-'));
const file = (name: string) => join(folder, name);
const trigger = file('crash');
const preload = join(root, 'test/support/crash.mjs');

let child: ChildProcess | undefined;
let port = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 150 });

async function start(model: string, ...flags: string[]): Promise<void> {
  const args = ['--import', preload, main, 'serve', file(model), '--port', '0', '--quiet', ...flags];
  const env = { ...process.env, CRASH: trigger };
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  child = started;
  for await (const line of createInterface(started.stdout)) {
    const [, found] = /Serving at http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (found === undefined) continue;
    port = Number(found);
    return;
  }
  throw new Error('the server did not start');
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** The status, or what went wrong with the connection. */
function send({
  method = 'POST',
  path,
  body,
  headers,
  signal,
}: Sent): Promise<{ status: number | string; text: string }> {
  return new Promise((resolve) => {
    // Node does not tell the length of a GET's body on its own.
    const told = { ...headers, 'content-length': Buffer.byteLength(body ?? '') };
    const sending = request(
      { port, path, method, agent, headers: told, ...(signal && { signal }) },
      async (response) => {
        const parts: Buffer[] = [];
        try {
          for await (const part of response) parts.push(part);
        } catch (error) {
          return resolve({ status: String(error), text: '' });
        }
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() });
      },
    );
    sending.on('error', (error) => resolve({ status: error.message, text: '' }));
    sending.end(body);
  });
}

const ready = async () => (await send({ method: 'GET', path: '/v2/health/ready' })).status;

/** A request of ones that takes a model a while. */
function infer(model: string, batch: number, side: number): Sent {
  const data = new Float32Array(batch * 3 * side * side).fill(1);
  const input = {
    name: 'input',
    shape: [batch, 3, side, side],
    datatype: 'FP32',
    parameters: { binary_data_size: data.byteLength },
  };
  const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  return {
    path: `/v2/models/${model}/infer`,
    headers: { 'inference-header-content-length': String(json.length) },
    body: Buffer.concat([json, Buffer.from(data.buffer)]),
  };
}

/** Until requests have been accepted: those that were answered, that wait, and the two that the worker has while others wait. */
async function accepted(model: string, count: number): Promise<void> {
  for (let seen = 0; seen < count; ) {
    const { text } = await send({ method: 'GET', path: '/metrics' });
    const of = (name: string) =>
      Number(new RegExp(`^${name}\\{model="${model}",version="1"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
    const waiting = of('nv_inference_pending_request_count');
    seen = of('nv_inference_request_success') + waiting + (waiting > 0 ? 2 : 0);
  }
}

beforeAll(async () => {
  const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
  const told = { decoder: 'eed', activation: 'gelu' } as const;
  // Two images at a time: it takes no photographs, and has no thread for them.
  const size = { batch: 2, height: 128, width: 128 };
  writeFileSync(file('pair.onnx'), await exported(trained, { ...told, size }));
  writeFileSync(file('open.onnx'), await exported(trained, { ...told, size: {} }));
});

afterEach(async () => {
  if (child === undefined || child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
});

afterAll(() => {
  agent.destroy();
  rmSync(folder, { recursive: true });
});

describe('a server under load', () => {
  it('that is told to end answers what it accepted, and takes no more', async () => {
    await start('pair.onnx', '--workers', '1');
    const sent = infer('pair', 2, 128);
    const all = Array.from({ length: 24 }, () => send(sent).then(({ status }) => status));
    await accepted('pair', 24);
    child?.kill('SIGTERM');
    expect(new Set(await Promise.all(all))).toEqual(new Set([200]));
    expect(await once(child as ChildProcess, 'exit')).toEqual([0, null]);
    expect((await send({ method: 'GET', path: '/v2' })).status).toMatch(/ECONNREFUSED/);
  });

  it('that is told to end waits for nobody who has not sent all headers, and refuses who sends them late', async () => {
    await start('pair.onnx', '--workers', '1');
    const head = 'GET /v2 HTTP/1.1\r\nHost: x\r\nX-Slow: ';
    const never = connect(port, '127.0.0.1').on('error', () => {});
    never.write(head);
    const late = connect(port, '127.0.0.1');
    late.write(head);
    const sent = infer('pair', 2, 128);
    const all = Array.from({ length: 24 }, () => send(sent).then(({ status }) => status));
    await accepted('pair', 24);
    child?.kill('SIGTERM');
    while (typeof (await ready()) === 'number');
    late.write('x\r\n\r\n');
    const [answer] = await once(late, 'data');
    expect(String(answer)).toMatch(
      /^HTTP\/1\.1 503 .*retry-after: 1.*\{"error":"the server ends: try again later"\}$/s,
    );
    expect(new Set(await Promise.all(all))).toEqual(new Set([200]));
    const since = performance.now();
    expect(await once(child as ChildProcess, 'exit')).toEqual([0, null]);
    expect(performance.now() - since).toBeLessThan(10_000);
  });

  it('that loses a worker fails what that worker had, and goes on with another', async () => {
    await start('pair.onnx', '--workers', '2');
    const sent = infer('pair', 2, 128);
    const statuses: (number | string)[] = [];
    let goes = true;
    const loops = Array.from({ length: 6 }, async () => {
      while (goes) {
        const { status, text } = await send(sent);
        statuses.push(status);
        if (status !== 200) expect(text).toMatch(/the worker was lost: a thread of the session was lost/);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    // On a machine that is busy, a worker may have nothing when it is lost.
    for (let losses = 0; losses < 5 && statuses.every((status) => status === 200); losses++) {
      writeFileSync(trigger, '');
      while (existsSync(trigger)) await new Promise((resolve) => setTimeout(resolve, 10));
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    goes = false;
    await Promise.all(loops);
    const failed = statuses.filter((status) => status !== 200);
    // One that ran and one that was next.
    expect(failed.length).toBeGreaterThanOrEqual(1);
    expect(failed.length).toBeLessThanOrEqual(2);
    expect(new Set(failed)).toEqual(new Set([500]));
    expect(await ready()).toBe(200);
    const after = await Promise.all(Array.from({ length: 10 }, () => send(sent)));
    expect(after.every(({ status }) => status === 200)).toBe(true);
  });

  it('refuses at once what it cannot do in time, and answers the rest', async () => {
    await start('pair.onnx', '--workers', '1', '--deadline-ms', '200');
    const sent = infer('pair', 2, 128);
    for (let i = 0; i < 5; i++) await send(sent);
    const outcomes = await Promise.all(
      Array.from({ length: 150 }, async () => {
        const since = performance.now();
        const { status } = await send(sent);
        return { status, took: performance.now() - since };
      }),
    );
    const statuses = outcomes.map(({ status }) => status);
    expect(statuses).toEqual(expect.arrayContaining([200, 503]));
    // A machine that slows down in the meantime keeps some longer than it said.
    expect(statuses.every((status) => [200, 503, 504].includes(Number(status)))).toBe(true);
    // What was given up while it ran may still be under way; then all is as before.
    while ((await send(sent)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('drops the work of clients that left', async () => {
    await start('open.onnx', '--workers', '1');
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const sent = { ...infer('open', 1, 256), signal: stop.signal };
    const all = Array.from({ length: 16 }, () => send(sent));
    await new Promise((resolve) => setTimeout(resolve, 150));
    stop.abort();
    await Promise.all(all);
    const metrics = async () => (await send({ method: 'GET', path: '/metrics' })).text;
    const idle = 'nv_inference_pending_request_count{model="open",version="1"} 0';
    // Sixteen runs would take longer than this.
    for (let i = 0; i < 10 && !(await metrics()).includes(idle); i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const text = await metrics();
    expect(text).toContain(idle);
    expect(text).toMatch(/nv_inference_request_failure\{model="open",version="1",reason="CANCELED"\} \d/);
  });

  it('ends connections that never finish their headers, and answers others meanwhile', async () => {
    await start('open.onnx');
    const sockets: Socket[] = [];
    for (let i = 0; i < 100; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('POST /v2/models/open/infer HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      sockets.push(socket);
    }
    expect(await ready()).toBe(200);
    await Promise.all(sockets.map((socket) => socket.closed || once(socket.resume(), 'close')));
    expect(await ready()).toBe(200);
  });
});

/** What is answered to bytes that are sent as they are. */
async function answered(...parts: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body };
}

describe('the page of a server that wants tokens', () => {
  it('is open to everybody, as nothing else is', async () => {
    writeFileSync(file('tokens'), 'secret');
    await start('open.onnx', '--ui', '--token-file', file('tokens'));
    const of = (path: string) => send({ method: 'GET', path });
    expect(await of('/')).toMatchObject({ status: 200, text: expect.stringContaining('<!doctype html>') });
    expect((await of('/v2/models/open')).status).toBe(401);
    expect((await of('/metrics')).status).toBe(401);
  });
});

describe('what is no request', () => {
  it('is answered in the form of all errors', async () => {
    await start('open.onnx', '--ui');
    const get = (path: string, headers = '') =>
      answered(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);
    const error = (text: string) => JSON.stringify({ error: text });
    expect(await get('/v2/models/%zz')).toEqual({
      status: 400,
      body: error("'/v2/models/%zz' is not a valid url component"),
    });
    expect(await get('/a/../index.html')).toEqual({ status: 403, body: error('Forbidden') });
    expect(await get('/v2', `X: ${'x'.repeat(20_000)}\r\n`)).toEqual({
      status: 431,
      body: error('the headers are too large'),
    });
    const { status, body } = await answered('NONSENSE\r\n\r\n');
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      error: expect.stringMatching(/^the request cannot be read as HTTP: Parse Error/),
    });
    expect(await answered('GET /v2 HTTP/1.1\r\nHost: x\r\nX-Slow: ')).toEqual({
      status: 408,
      body: error('the request did not come in time'),
    });
  });
});

describe('ten thousand requests that nobody would send', () => {
  /** Reproducible noise: a linear congruential generator. */
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const pick = <T>(from: readonly [T, ...T[]]): T => from[random(from.length)] ?? from[0];
  const noise = (length: number) => Buffer.from(Uint8Array.from({ length }, () => random(256)));

  it('each get an answer, none of them 500, and leave the server as it was', async () => {
    await start('open.onnx');
    const photograph = readFileSync(fixture('images', 'ISIC_0000082.jpg'));
    const good = infer('open', 1, 16);
    const mutated = (bytes: Uint8Array) => {
      const copy = Buffer.from(bytes);
      for (let i = 0; i <= random(4); i++) copy[random(copy.length)] = random(256);
      return copy.subarray(0, 1 + random(copy.length));
    };
    const paths = [
      '/v2/models/open/infer',
      '/v2/models/open/versions/1/infer',
      '/v1/segment',
      '/v1/models/open/segment?threshold=x',
      '/v2/models/%00/infer',
      '/v2/repository/index',
      '/..%2f..%2fetc/passwd',
      '/v2/models/__proto__/infer',
    ] as const;
    const one = (): Sent => ({
      method: pick(['POST', 'POST', 'POST', 'PUT', 'GET', 'DELETE']),
      path: pick(paths),
      headers: pick<Record<string, string>>([
        {},
        good.headers ?? {},
        { 'inference-header-content-length': String(random(1000)) },
        { 'content-type': 'multipart/form-data; boundary=x' },
        { 'content-type': 'application/json', accept: pick(['image/png', 'text/plain', '*/*;q=x']) },
        { 'x-request-id': 'x'.repeat(random(3000)), 'content-encoding': 'gzip' },
      ]),
      body: pick<() => Uint8Array>([
        () => noise(random(2000)),
        () => mutated(Buffer.from(good.body ?? '')),
        () => mutated(photograph.subarray(0, 3000)),
        () =>
          Buffer.from(`--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n${noise(20)}`),
        () => Buffer.from('{"inputs":[{"name":"input","shape":[1e9,3,1e9,9],"datatype":"FP32","data":[]}]}'),
        () => new Uint8Array(),
      ])(),
    });
    const seen = new Map<number | string, number>();
    const rss = async () => {
      const { text } = await send({ method: 'GET', path: '/metrics' });
      return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
    };
    const before = await rss();
    let left = 10_000;
    const loop = async () => {
      while (left-- > 0) {
        const { status } = await send(one());
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, loop));
    expect([...seen.keys()].filter((status) => status === 500 || typeof status === 'string')).toEqual([]);
    expect(await ready()).toBe(200);
    expect((await send(good)).status).toBe(200);
    expect(await rss()).toBeLessThan(before + 300e6);
  });
});

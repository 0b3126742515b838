import type { ChildProcess } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import {
  answered,
  child,
  file,
  held,
  infer,
  port,
  ready,
  send,
  start,
  stop,
  trigger,
} from '../support/spawned-server.js';

/** However busy the machine is: no deadline ends what a test is not about. */
const PATIENT = ['--workers', '1', '--deadline-ms', '600000'];

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

describe('a server under load', () => {
  it('that is told to end answers what it accepted, and takes no more', async () => {
    await start('pair.onnx', ...PATIENT);
    const sent = infer('pair', 2, 128);
    const all = Array.from({ length: 24 }, () => send(sent).then(({ status }) => status));
    await accepted('pair', 24);
    child?.kill('SIGTERM');
    expect(new Set(await Promise.all(all))).toEqual(new Set([200]));
    expect(await once(child as ChildProcess, 'exit')).toEqual([0, null]);
    expect((await send({ method: 'GET', path: '/v2' })).status).toMatch(/ECONNREFUSED/);
  });

  it('that is told to end waits for nobody who has not sent all headers, and refuses who sends them late', async () => {
    await start('pair.onnx', ...PATIENT);
    const sent = infer('pair', 2, 128);
    // Until this is sent, the server cannot end.
    const last = await held(sent);
    const head = 'GET /v2 HTTP/1.1\r\nHost: x\r\nX-Slow: ';
    const answers: string[] = [];
    const never = connect(port, '127.0.0.1').on('error', () => {});
    never.on('data', (data) => answers.push(String(data))).write(head);
    const late = connect(port, '127.0.0.1');
    late.write(head);
    // Connections are accepted in their order.
    await answered('GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const all = Array.from({ length: 24 }, () => send(sent).then(({ status }) => status));
    await accepted('pair', 24);
    child?.kill('SIGTERM');
    while (typeof (await ready()) === 'number');
    late.write('x\r\n\r\n');
    const [answer] = await once(late, 'data');
    expect(String(answer)).toMatch(
      /^HTTP\/1\.1 503 .*retry-after: 1.*\{"error":"the server is shutting down: try again later"\}$/s,
    );
    expect(new Set(await Promise.all(all))).toEqual(new Set([200]));
    expect(await last()).toBe(200);
    expect(await once(child as ChildProcess, 'exit')).toEqual([0, null]);
    // Not even to say that its time is up.
    expect(answers).toEqual([]);
  });

  it('that loses a worker fails what that worker had, and goes on with another', async () => {
    await start('pair.onnx', ...PATIENT, '--workers', '2');
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
    // In a queue without end, time alone refuses.
    const endless = ['--workers', '1', '--max-queue', '1000', '--max-requests', '1000'];
    const sent = infer('pair', 2, 128);
    const taken = async (deadline: number): Promise<number> => {
      await start('pair.onnx', ...endless, '--deadline-ms', String(deadline));
      await send(sent);
      const since = performance.now();
      for (let i = 0; i < 4; i++) await send(sent);
      return (performance.now() - since) / 4;
    };
    // There is time for some dozen of the three hundred, however busy the machine is.
    const deadline = Math.ceil(Math.max(500, 20 * (await taken(600_000))));
    await stop();
    await taken(deadline);
    const outcomes = await Promise.all(Array.from({ length: 300 }, () => send(sent)));
    const statuses = outcomes.map(({ status }) => status);
    expect(statuses).toEqual(expect.arrayContaining([200, 503]));
    // A machine that slows down in the meantime keeps some longer than it said.
    expect(statuses.every((status) => [200, 503, 504].includes(Number(status)))).toBe(true);
    // What was given up while it ran may still be under way; then all is as before.
    while ((await send(sent)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('drops the work of clients that left', async () => {
    await start('open.onnx', ...PATIENT);
    const leaving = new AbortController();
    setMaxListeners(0, leaving.signal);
    const sent = { ...infer('open', 1, 256), signal: leaving.signal };
    const all = Array.from({ length: 16 }, () => send(sent));
    await accepted('open', 16);
    leaving.abort();
    await Promise.all(all);
    const counted = async (name: string, reason = '') => {
      const { text } = await send({ method: 'GET', path: '/metrics' });
      const [line = ''] = text
        .split('\n')
        .filter((each) => each.startsWith(`${name}{model="open",version="1"${reason}}`));
      return Number(line.split(' ').at(-1));
    };
    while ((await counted('nv_inference_pending_request_count')) > 0);
    const canceled = await counted('nv_inference_request_failure', ',reason="CANCELED"');
    expect(canceled).toBeGreaterThan(0);
    expect(canceled + (await counted('nv_inference_request_success'))).toBe(16);
    // What the worker had when they left it may have run to its end.
    expect(await counted('nv_inference_exec_count')).toBeLessThanOrEqual(16 - canceled + 2);
  });
});

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
    expect(await get('/../package.json')).toEqual({
      status: 404,
      body: error('there is nothing at GET /../package.json'),
    });
    expect(await get('/v2', `X: ${'x'.repeat(20_000)}\r\n`)).toEqual({
      status: 431,
      body: error('the headers are too large'),
    });
    const { status, body } = await answered('NONSENSE\r\n\r\n');
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      error: expect.stringMatching(/^the request cannot be read as HTTP: Parse Error/),
    });
  });
});

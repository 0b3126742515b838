/** What takes its time: clients that are slow, and ten thousand requests that nobody would send. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { fixture } from '../support/fixtures.js';
import { answered, infer, port, ready, type Sent, send, start } from '../support/spawned-server.js';

describe('clients that are slow', () => {
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

  it('are told so', async () => {
    await start('open.onnx');
    expect(await answered('GET /v2 HTTP/1.1\r\nHost: x\r\nX-Slow: ')).toEqual({
      status: 408,
      body: JSON.stringify({ error: 'the request did not arrive in time' }),
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

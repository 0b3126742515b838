import { once } from 'node:events';
import { Agent, createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { send } from '../../bench/load/client.js';

const server = createServer();
afterEach(() => {
  server.removeAllListeners('request').close();
  server.closeAllConnections();
});

async function at(listener: RequestListener): Promise<string> {
  server.on('request', listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = { method: 'POST', path: '/', body: Buffer.alloc(80, 'x') } as const;

describe('a client', () => {
  it('tells answers apart by their bytes, but for the times in them', async () => {
    let answer = '';
    const url = await at((request, response) => {
      request.resume().once('end', () => response.end(answer));
    });
    const digests: (string | undefined)[] = [];
    for (answer of [
      '{"a":1,"timings":{"total":5}}',
      '{"a":1,"timings":{"total":16}}',
      '{"a":2,"timings":{"total":5}}',
    ]) {
      digests.push((await send(url, post, false)).digest);
    }
    expect(new Set(digests).size).toBe(2);
    expect(digests[0]).toBe(digests[1]);
  });

  it('stops sending once it is refused, and tells why', async () => {
    const url = await at((_, response) => {
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":"no room"}');
    });
    const { status, text, type, error } = await send(url, { ...post, over: 60_000 }, false);
    expect({ status, text, type, error }).toEqual({
      status: 503,
      text: '{"error":"no room"}',
      type: 'application/json',
      error: undefined,
    });
  });

  it.each<[string, RequestListener]>([
    ['before an answer', (request) => request.socket.destroy()],
    [
      'in the middle of one',
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('x', () => request.socket.destroy());
      },
    ],
  ])('tells of a connection that is cut %s', async (_, listener) => {
    const outcome = await send(await at(listener), post, false);
    expect(outcome.error).toMatch(/socket hang up|aborted/);
    expect(outcome).not.toHaveProperty('digest');
  });

  it('leaves when it is to', async () => {
    expect(await send(await at(() => {}), { ...post, leavesAfter: 10 }, false)).toMatchObject({
      error: 'left',
    });
  });

  it('does not use a connection again that the server will close', async () => {
    const ports = new Set<number | undefined>();
    const url = await at((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().once('end', () => response.setHeader('connection', 'close').end());
    });
    const agent = new Agent({ keepAlive: true });
    for (let i = 0; i < 3; i++) expect(await send(url, post, agent)).toMatchObject({ status: 200 });
    agent.destroy();
    expect(ports.size).toBe(3);
  });
});

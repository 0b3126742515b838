import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { DataPlane } from '../../../../../runtime/server/data-plane.js';
import { Metrics } from '../../../../../runtime/server/metrics.js';
import { Connections } from '../../../../../runtime/server/rest/connections/connections.js';

const connections = new Connections();
const server = createServer();
const metrics = new Metrics(() => undefined as unknown as DataPlane);
connections.attach({ server, log: { info() {} } } as unknown as FastifyInstance, metrics);

server.on('clientError', (error, socket) => connections.refuse(error, socket as Socket));

let client: Socket;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  client.destroy();
});
afterAll(() => {
  server.close();
});

/** What comes is not read unless it flows. */
function connected(): Socket {
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  return client;
}

it('a connection is timed while an answer is written that is its turn, and while none is awaited', async () => {
  const responses: ServerResponse[] = [];
  const both = new Promise<void>((resolve) => {
    server.on('request', (_, response) => {
      if (responses.push(response) === 2) resolve();
    });
  });
  connected().write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n');
  await both;
  const [first, second] = responses as [ServerResponse, ServerResponse];
  const { socket } = first.req;
  expect([connections.isLast(first), connections.isLast(second)]).toEqual([false, true]);
  expect(socket.timeout ?? 0).toBe(0);
  connections.answering(second);
  expect(socket.timeout ?? 0).toBe(0);
  connections.answering(first);
  expect(socket.timeout).toBe(60_000);
  first.end('1');
  await once(first, 'close');
  // The second is its turn now, and is being written.
  expect(socket.timeout).toBe(60_000);
  second.end('2');
  await once(second, 'close');
});

it('what cannot be read is refused once, and all behind it is dropped', async () => {
  const accepted = once(server, 'connection');
  const sending = connected();
  const [socket] = (await accepted) as [Socket];
  const bad = 'BAD\r\n\r\n';
  const listeners: number[] = [];
  for (let count = 1; count <= 4; count++) {
    sending.write(bad);
    while (socket.bytesRead < count * bad.length && !socket.destroyed) await new Promise(setImmediate);
    listeners.push(socket.listenerCount('close'));
  }
  expect([socket.destroyed, new Set(listeners).size]).toEqual([false, 1]);
  let text = '';
  for await (const part of sending.resume()) text += part;
  expect(text.match(/HTTP\/1.1 400/g)).toHaveLength(1);
});

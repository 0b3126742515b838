import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { DataPlane } from '../../../../runtime/server/data-plane.js';
import { Metrics } from '../../../../runtime/server/metrics.js';
import { Connections, closeIfUnread } from '../../../../runtime/server/rest/connections/connections.js';

const server = createServer();
const connections = new Connections();
const metrics = new Metrics(() => undefined as unknown as DataPlane);
connections.attach({ server, log: { info() {} } } as unknown as FastifyInstance, metrics);
server.on('clientError', (error, stream) => connections.refuse(error, stream as Socket));

let client: Socket;
let socket: Socket;
beforeEach(async () => {
  const connected = once(server.listen(0, '127.0.0.1'), 'connection');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [socket] = await connected;
});
afterEach(() => {
  client.destroy();
  server.close();
});

const answer = async () => (await buffer(client)).toString();

describe('a connection on which nothing came in time', () => {
  const late = Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

  it('is told so', async () => {
    connections.refuse(late, socket);
    expect(await answer()).toMatch(/^HTTP\/1\.1 408 .*"the request did not arrive in time"/s);
  });

  it('is not one whose request the server had not yet read', async () => {
    server.once('request', (_, response) => response.setHeader('connection', 'close').end('here'));
    await new Promise((sent) => client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n', sent));
    expect(socket.bytesRead).toBe(0);
    connections.refuse(late, socket);
    expect(await answer()).toMatch(/^HTTP\/1\.1 200 .*here$/s);
  });
});

describe('an unwanted body', () => {
  const CHUNKS = 100_000;
  const body = `${'1\r\nx\r\n'.repeat(CHUNKS)}0\r\n\r\n`;

  /** What became of it before it is refused. */
  const CASES: Readonly<Record<string, (request: IncomingMessage) => Promise<unknown>>> = {
    'that was not read': async () => {},
    'that was begun with': (request) =>
      new Promise((begun) => {
        let parts = 0;
        request.on('data', () => {
          if (++parts < CHUNKS / 10) return;
          request.removeAllListeners('data').pause();
          begun(parts);
        });
      }),
    'that waits to be read': async (request) => {
      while (request.readableLength < request.readableHighWaterMark) await nextTurn();
    },
  };

  it.each(Object.keys(CASES))('%s is not taken apart, and its sender is answered', async (which) => {
    let request: IncomingMessage | undefined;
    server.once('request', async (received, response) => {
      request = received;
      await CASES[which]?.(received);
      closeIfUnread(received, { raw: response } as unknown as FastifyReply);
      response.statusCode = 404;
      response.end('nothing');
    });
    const sent = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const closed = once(socket, 'close');
    // It reads nothing until all of it is sent.
    await new Promise((all) => client.end(sent + body, () => all(undefined)));
    expect(await answer()).toMatch(/^HTTP\/1\.1 404 .*nothing$/s);
    await closed;
    expect(socket.bytesRead).toBe(sent.length + body.length);
    expect(request?.complete).toBe(false);
  });
});

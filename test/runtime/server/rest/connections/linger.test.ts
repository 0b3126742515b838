import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { endGently } from '../../../../../runtime/server/rest/connections/linger.js';

/** Milliseconds: between what a client sends, of silence, and of all. */
const [STEP, WITHIN, MOST] = [20, 200, 1000];

const server = createServer({ allowHalfOpen: true }, (socket) => {
  endGently(socket.on('error', () => {}).resume(), 'the answer', WITHIN, MOST);
});
let client: Socket;
let sending: NodeJS.Timeout;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  clearInterval(sending);
  client.destroy();
});
afterAll(() => {
  server.close();
});

/** A client that sends and does not read. */
function sender(): Socket {
  const { port } = server.address() as AddressInfo;
  client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    .on('error', () => {})
    .pause();
  sending = setInterval(() => client.write('x'), STEP);
  return client;
}

it('a client that reads once it has sent all gets the answer', async () => {
  const socket = sender();
  await new Promise((resolve) => setTimeout(resolve, 2 * WITHIN));
  clearInterval(sending);
  let text = '';
  for await (const part of socket.resume()) text += part;
  expect(text).toBe('the answer');
});

it('a client that sends without end is left', async () => {
  const socket = sender().resume();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(socket.bytesWritten).toBeGreaterThan(0);
});

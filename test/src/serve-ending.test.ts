import { PassThrough } from 'node:stream';
import { expect, it } from '@jest/globals';
import { infer } from '../support/served.js';
import { pixels, tinyServer } from '../support/tiny-server.js';

const log = new PassThrough().resume();
const { close, connected, send } = tinyServer({ log });

it('a server that ends answers all that it accepted on one connection', async () => {
  const body = pixels(8);
  const socket = connected();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The first takes its time when the second is accepted, whose body comes when the server ends.
  const load = 'POST /v2/repository/models/large/load HTTP/1.1\r\nHost: x\r\n\r\n';
  const head = `POST ${infer('small')} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(load + head);
  await send('/v2/health/live');
  const ended = close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  socket.write(body);
  await ended;
  const text = Buffer.concat(chunks).toString('latin1');
  const heads = [...text.matchAll(/HTTP\/1\.1 (\d+).*?\r\n\r\n/gs)];
  expect(heads.map(([, status]) => status)).toEqual(['200', '200']);
  expect(heads.map(([each]) => /connection: close/i.test(each))).toEqual([false, true]);
});

it('a server that has ended listens to the stream of its log no more', async () => {
  await close();
  while (log.listenerCount('error') > 0) await new Promise(setImmediate);
});

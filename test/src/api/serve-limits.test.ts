import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { binary, infer, type Sent, served, withInput } from '../../support/served.js';

const { counted, send, url } = served({ maxRequests: 6, maxQueue: 1 });
const rejected = (model: string) =>
  counted(`nv_inference_request_failure{model="${model}",version="1",reason="REJECTED"}`);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function connected(): Socket {
  const socket = connect(Number(new URL(url()).port), '127.0.0.1');
  sockets.push(socket);
  return socket;
}

describe('a server that has no room', () => {
  it('refuses and counts requests before it reads them, and answers who watches it', async () => {
    // Two each: a model takes as many as its worker and its queue have room for.
    for (let i = 0; i < 6; i++) {
      const name = ['fixed', 'open', 'bytes'][i % 3] ?? '';
      connected().write(`POST ${infer(name)} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n`);
    }
    while ((await send('/v2')).status === 200);
    const refused = {
      status: 503,
      json: { error: expect.stringMatching(/6 requests are already in progress/) },
    };
    const before = await rejected('fixed');
    for (const path of [infer('fixed'), '/v1/models/fixed/segment', infer('none'), '/v1/segment']) {
      expect(await send(path, withInput())).toMatchObject(refused);
    }
    expect(await rejected('fixed')).toBe(before + 2);
    expect(await rejected('none')).toBe(0);
    expect((await send('/metrics')).status).toBe(200);
  });

  it('counts each request once that it has no worker for, whether or not it read it', async () => {
    // As bytes, which are read in far less time than the network takes: as JSON they may come one by one.
    const blob = new Uint8Array(4 * 3 * 256 * 256);
    const parameters = { binary_data_size: blob.length };
    const tensor = { name: 'input', datatype: 'FP32', shape: [1, 3, 256, 256], parameters };
    const large: Sent = binary({ inputs: [tensor], parameters: { binary_data_output: true } }, blob);
    const before = await rejected('open');
    const statuses: number[] = [];
    const loop = async () => {
      for (let i = 0; i < 6; i++) statuses.push((await send(infer('open'), large)).status);
    };
    await Promise.all(Array.from({ length: 6 }, loop));
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(await rejected('open')).toBe(before + statuses.filter((status) => status === 503).length);
  });
});

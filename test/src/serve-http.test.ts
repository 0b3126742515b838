import { describe, expect, it } from '@jest/globals';
import { infer } from '../support/served.js';
import { pixels, tinyServer } from '../support/tiny-server.js';

const { exchange, metric, send } = tinyServer();

const body = pixels(8);
const post = (headers: string, path = infer('small')) => `POST ${path} HTTP/1.1\r\n${headers}\r\n`;
const sized = `Content-Length: ${body.length}\r\n`;
const next = 'POST /v2/repository/models/large/unload HTTP/1.1\r\nHost: x\r\n\r\n';
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));

/** Each is refused with one answer in the form of all errors, behind which the connection ends and nothing more is done. */
describe.each<[string, string, number, RegExp]>([
  ['no Host', post(`${sized}`) + body, 400, /^the request has 0 Host headers, expected one$/],
  ['two Hosts', post(`Host: a\r\nHost: b\r\n${sized}`) + body, 400, /^the request has 2 Host headers/],
  ['another Expect', post(`Host: x\r\nExpect: more\r\n${sized}`) + body, 417, /^Expect is 'more'/],
  [
    'another coding',
    `${post('Host: x\r\nTransfer-Encoding: gzip, chunked\r\n')}1\r\nx\r\n0\r\n\r\n`,
    501,
    /^Transfer-Encoding is 'gzip, chunked', expected chunked$/,
  ],
  [
    'an encoded body',
    post(`Host: x\r\nContent-Encoding: br\r\n${sized}`) + body,
    415,
    /^Content-Encoding is 'br'/,
  ],
  ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501, /^CONNECT is not supported/],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, /cannot be read as HTTP/],
  ['TLS', '\x16\x03\x01\0\xc8\x01\0\0\xc4\x03\x03', 400, /cannot be read as HTTP/],
  ['two lengths', post(`Host: x\r\n${sized}Content-Length: 5\r\n`) + body, 400, /Content-Length/],
  ['a length and chunks', post(`Host: x\r\n${sized}Transfer-Encoding: chunked\r\n`), 400, /Content-Length/],
  ['a bad chunk', `${post('Host: x\r\nTransfer-Encoding: chunked\r\n')}zz\r\n`, 400, /chunk size/],
  [
    'another method',
    post(`Host: x\r\n${sized}`, '/v2').replace('POST', 'PUT') + body,
    405,
    /^PUT is not supported for \/v2/,
  ],
  ['another path', post(`Host: x\r\n${sized}`, '/v3') + body, 404, /^there is nothing at POST \/v3$/],
  [
    'a bad path',
    post(`Host: x\r\n${sized}`, '/v2/models/%zz/infer') + body,
    400,
    /not a valid url component/,
  ],
])('%s', (_, sent, status, why) => {
  it('is refused, and ends the connection', async () => {
    const text = await exchange(Buffer.from(sent + next, 'latin1'));
    expect(statuses(text)).toEqual([status]);
    const [head = '', answer = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/content-type: application\/json; charset=utf-8/i);
    expect(head).toMatch(/connection: close/i);
    expect(JSON.parse(answer)).toEqual({ error: expect.stringMatching(why) });
    expect((await send('/v2/models/large/ready')).status).toBe(200);
  });
});

it('a connection that brings hundreds of requests at once is ended behind the first 64 of them', async () => {
  const live = 'GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n';
  const text = await exchange(live.repeat(500));
  expect(statuses(text)).toEqual(new Array(64).fill(200));
  expect(text.match(/connection: close/gi)).toHaveLength(1);
  expect(text).toMatch(/connection: close\s(?:(?!HTTP).)*\{"live":true\}$/is);
});

describe('a method that a path does not have', () => {
  it.each([
    ['PUT', infer('small'), 'POST'],
    ['DELETE', '/v2/models/small', 'GET, HEAD'],
    ['OPTIONS', '/v2', 'GET, HEAD'],
    ['GET', '/v2/repository/models/small/load', 'POST'],
    ['POST', '/v2/health/live?x=1', 'GET, HEAD'],
  ])('%s %s: %s', async (method, path, allow) => {
    const { status, headers } = await send(path, { method });
    expect([status, headers.get('allow')]).toEqual([405, allow]);
  });

  it('is HEAD nowhere where GET is', async () => {
    for (const path of ['/v2', '/v2/models/small', '/metrics', '/v2/health/ready']) {
      const text = await exchange(`HEAD ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect([statuses(text), text.slice(text.indexOf('\r\n\r\n'))]).toEqual([[200], '\r\n\r\n']);
    }
  });
});

describe('a client that waits for leave to send its body', () => {
  const expecting = (length: number) =>
    post(`Host: x\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n`);

  it('is given it', async () => {
    const asked = expecting(body.length).replace('Host: x', 'Host: x\r\nConnection: close');
    expect(statuses(await exchange(asked + body))).toEqual([100, 200]);
  });

  it('is refused at once where the body is too large', async () => {
    expect(statuses(await exchange(expecting(64e6)))).toEqual([413]);
  });
});

it('a client that goes on sending what was refused gets its answer', async () => {
  const text = await exchange(post('Host: x\r\nContent-Length: 20000000\r\n'), Buffer.alloc(20e6));
  expect(statuses(text)).toEqual([413]);
});

describe('what was asked before is answered first', () => {
  const good = post(`Host: x\r\n${sized}`) + body;
  it.each([
    ['what is no request', `BAD\r\n\r\n${good}`, 400],
    ['a request with a bad chunk', `${post('Host: x\r\nTransfer-Encoding: chunked\r\n')}zz\r\n`, 400],
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501],
    [
      'another protocol',
      'GET /v2 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: x\r\n\r\n',
      200,
    ],
  ])('%s', async (_, behind, status) => {
    expect(statuses(await exchange(good + good + behind))).toEqual([200, 200, status]);
  });
});

it('what is refused as HTTP is counted, once', async () => {
  const count = (route: string) => metric(`nmode_request_seconds_count{route="${route}",status="400"}`);
  const route = '/v2/models/:model/infer';
  const before = [await count('none'), await count(route)];
  await exchange('BAD\r\n\r\n');
  await exchange(`${post('Host: x\r\nTransfer-Encoding: chunked\r\n')}zz\r\n`);
  expect([await count('none'), await count(route)]).toEqual(before.map((each) => each + 1));
});

it('a query is in decimal notation', async () => {
  for (const threshold of ['0x1', '0b1', '+0.5', '%200.5', '', 'Infinity']) {
    const { status, json } = await send(`/v1/models/small/segment?threshold=${threshold}`, {
      body: new Uint8Array([1]),
    });
    expect([status, json.error]).toEqual([
      400,
      "'threshold' is not a number: expected decimal notation, as in 0.5",
    ]);
  }
});

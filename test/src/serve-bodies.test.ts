import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { infer } from '../support/served.js';
import { pixels, tinyServer } from '../support/tiny-server.js';

const MB = 1e6;
const { send, connected, exchange, metric } = tinyServer({
  maxJson: 4 * MB,
  maxBody: 8 * MB,
  maxInflight: 10 * MB,
  maxRequests: 20,
  log: {
    write() {
      throw new Error('nobody reads');
    },
  },
});

const head = (path: string, headers: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const ended = (text: string) => [
  Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]),
  JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)).error,
];

describe('JSON', () => {
  it('of many numbers is read and written as that of few', async () => {
    const [small, large] = await Promise.all(
      [8, 256].map(async (side) => {
        const name = side === 8 ? 'small' : 'large';
        const { status, json } = await send(infer(name), { body: pixels(side, 0.25) });
        expect(status).toBe(200);
        return json.outputs[0];
      }),
    );
    expect(large.shape).toEqual([1, 3, 256, 256]);
    expect(large.data).toHaveLength(3 * 256 * 256);
    // Three planes, of which each has one value.
    const of = (data: readonly number[], plane: number) =>
      new Set(data.slice(plane, plane + data.length / 3));
    for (const plane of [0, 1, 2]) {
      const [wanted] = small.data.slice(64 * plane);
      expect(of(large.data, 65536 * plane)).toEqual(new Set([wanted]));
    }
  });

  it('of many numbers is answered beside bytes', async () => {
    const outputs = [{ name: 'out', parameters: { binary_data: true } }];
    const { status, tail, json } = await send(infer('large'), { body: pixels(256, 0, { outputs }) });
    expect([status, tail.length, json.outputs.length]).toEqual([200, 4 * 3 * 256 * 256, 1]);
  });

  it('of many numbers is refused as that of few', async () => {
    const { status, json } = await send(infer('large'), { body: pixels(256).replace('0.5', '"x"') });
    expect([status, json.error]).toEqual([400, "input 'input': a value of 'data' is no FP32"]);
  });

  it('beyond its bound is refused before it comes, told, in chunks or before tensors', async () => {
    const error =
      'the JSON is larger than the 4000000 bytes that are accepted: send tensors as bytes behind it (binary_data_size)';
    const path = infer('large');
    const told = await exchange(head(path, 'Content-Length: 4000001\r\n'));
    const before = await exchange(
      head(path, 'Content-Length: 5000000\r\nInference-Header-Content-Length: 4000001\r\n'),
    );
    const chunk = `f4240\r\n${' '.repeat(MB)}\r\n`;
    const chunks = await exchange(head(path, 'Transfer-Encoding: chunked\r\n'), chunk.repeat(5));
    for (const each of [told, before, chunks]) expect(ended(each)).toEqual([413, error]);
  });

  it.each(['0000000000000060000000', '', '-1', '1e3', '0x10', '8, 8', '9999999999999999'])(
    "of the length '%s' is refused before it comes",
    async (length) => {
      const headers = `Content-Length: 5000000\r\nInference-Header-Content-Length: ${length}\r\n`;
      expect(ended(await exchange(head(infer('large'), headers)))).toEqual([
        400,
        `Inference-Header-Content-Length is '${length}', expected a number of bytes of 1 to 15 digits`,
      ]);
    },
  );

  it('has shapes of at most 32 sizes', async () => {
    const body = JSON.stringify({
      inputs: [{ name: 'input', shape: new Array(33).fill(1), datatype: 'FP32', data: [1] }],
    });
    const { status, json } = await send(infer('small'), { body });
    expect([status, json.error]).toEqual([
      400,
      "input 'input': 'shape' has 33 sizes, at most 32 are accepted",
    ]);
  });
});

describe('bodies that are under way', () => {
  const sevenMb = head('/v1/segment', 'Content-Length: 7000000\r\n').replace('/v1/', '/v1/models/small/');

  it('keep out what there is no room for, before it is read, and not what is small', async () => {
    const expecting = sevenMb.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n');
    const late = () => new Promise<string>((resolve) => setTimeout(resolve, 3000, ''));
    let slow = connected();
    let text = '';
    // While one is prompt, there is room kept for what it says that it will send; a busy machine may take longer than that.
    do {
      slow.destroy();
      slow = connected();
      slow.write(sevenMb);
      await send('/v2/health/live');
      text = await Promise.race([exchange(expecting), late()]);
    } while (text === '');
    expect(text).toMatch(/^HTTP\/1\.1 503 .*retry-after: 1/s);
    expect(ended(text)).toEqual([
      503,
      'the server is busy: 7000000 of 10000000 bytes for bodies and responses are in use: try again later',
    ]);
    expect((await send(infer('small'), { body: pixels(8) })).status).toBe(200);
    const body = new Uint8Array(7 * MB);
    // It is still there and has sent nothing: it keeps nobody out any more.
    while ((await send('/v1/models/small/segment', { body })).status === 503);
    expect((await send('/v1/models/small/segment', { body })).status).toBe(400);
    expect(slow.readyState).toBe('open');
  });

  it('are not held by clients of many requests that left', async () => {
    const asked = pixels(256);
    const one = `${head(infer('large'), `Content-Length: ${asked.length}\r\n`)}${asked}`;
    for (let i = 0; i < 3; i++) {
      const socket = connected();
      socket.write(one.repeat(10));
      await new Promise((resolve) => setTimeout(resolve, 100));
      socket.destroy();
      await once(socket, 'close');
    }
    // With as many answers that are owed to nobody, there would be room for none.
    while ((await send(infer('large'), { body: asked })).status === 503);
    expect((await send(infer('large'), { body: asked })).status).toBe(200);
  });

  it('come in chunks of any size, but not all in tiny ones', async () => {
    const asked = Buffer.from(pixels(8));
    const chunked = (size: number, body: Buffer) => {
      const parts: string[] = [];
      for (let at = 0; at < body.length; at += size) {
        const part = body.toString('latin1', at, at + size);
        parts.push(`${part.length.toString(16)}\r\n${part}\r\n`);
      }
      return head(infer('small'), 'Transfer-Encoding: chunked\r\nConnection: close\r\n') + parts.join('');
    };
    for (const size of [1, 7, 1000]) {
      expect(await exchange(`${chunked(size, asked)}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    }
    expect(ended(await exchange(chunked(1, Buffer.alloc(10_000, ' '))))).toEqual([
      400,
      'the body comes in chunks of less than 1024 bytes: send larger ones',
    ]);
  });
});

describe('the repository', () => {
  const at = (path: string, body?: object | string) =>
    send(`/v2/repository/${path}`, {
      method: 'POST',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  it.each<[string, object | string | undefined, number]>([
    ['index', undefined, 200],
    ['index', {}, 200],
    ['index', { ready: false }, 200],
    ['index', { ready: 1 }, 400],
    ['index', { steady: true }, 400],
    ['index', '[]', 400],
    ['index', '{"ready":', 400],
    ['index', ' '.repeat(2 ** 16 + 1), 413],
    ['models/small/load', {}, 200],
    ['models/small/load', { parameters: {} }, 200],
    ['models/small/load', { parameters: { config: '{}' } }, 400],
    ['models/small/load', { parameters: { 'file:1/model.onnx': 'AA==' } }, 400],
    ['models/small/load', { parameters: [] }, 400],
    ['models/small/load', 'x', 400],
    ['models/small/unload', { parameters: { unload_dependents: 1 } }, 400],
    ['models/small/unload', { parameters: { force: true } }, 400],
  ])('%s of %j: %d', async (path, body, status) => {
    expect((await at(path, body)).status).toBe(status);
    expect((await send('/v2/models/small/ready')).status).toBe(200);
  });

  it('names what is ready only where that is asked for', async () => {
    expect((await at('models/small/unload', { parameters: { unload_dependents: false } })).status).toBe(200);
    const names = async (body?: object) =>
      (await at('index', body)).json.map((model: { name: string }) => model.name);
    expect(await names({ ready: true })).toEqual(['large']);
    expect(await names()).toEqual(['small', 'large']);
    expect((await at('models/small/load', { parameters: { config: '' } })).json.error).toBe(
      "the parameter 'config' is not supported, expected none",
    );
    expect((await at('models/small/load')).status).toBe(200);
  });
});

it('a log that nobody reads is counted', async () => {
  const before = await metric('nmode_log_lines_dropped_total');
  await send('/v2');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await metric('nmode_log_lines_dropped_total')).toBeGreaterThan(before);
});

/** Protects what was accepted from loads, unloads and replaced files; a server answers it by the version that was current then. */

import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { encodeModel } from '../../graph/file/write.js';
import { int } from '../../graph/ir/attribute.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { type ServeOptions, type Server, serve } from '../../src/api/serve.js';
import { handmade, node } from '../support/graph.js';
import { sendTo } from '../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-reload-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'm.onnx');

let server: Server;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close(0);
});

/** y = factor x, of any number of rows. */
function scaled(factor: number, nodes = [node('Mul', ['x', 'factor'], ['y'])], rows = 'N'): Uint8Array {
  const type = (batch: string) => ({ dtype: 'float32', shape: [batch, 4] }) as const;
  return encodeModel(
    handmade({
      nodes,
      inputs: [{ name: 'x', type: type('N') }],
      outputs: [{ name: 'y', type: type(rows) }],
      initializers: new Map([['factor', float32Tensor([1], [factor])]]),
    }),
  );
}

async function start(model: Uint8Array, options: Omit<ServeOptions, 'models'> = {}): Promise<void> {
  writeFileSync(path, model);
  server = await serve({ models: [path], port: 0, workers: 1, ...options });
}

const bodyOf = (...values: number[]) =>
  JSON.stringify({
    inputs: [
      {
        name: 'x',
        datatype: 'FP32',
        shape: [values.length, 4],
        data: values.flatMap((value) => [value, 1, 1, 1]),
      },
    ],
  });

const send = (where: string, sent?: Parameters<typeof sendTo>[1]) => sendTo(server.url + where, sent);
const repository = (what: string) => send(`/v2/repository/models/m/${what}`, { method: 'POST' });

/** The first value of each row of the answer, or the status and what is said. */
async function infer(...values: number[]): Promise<readonly number[] | string> {
  const { status, json } = await send('/v2/models/m/infer', { body: bodyOf(...values) });
  if (status !== 200) return `${status} ${json.error}`;
  return json.outputs[0].data.filter((_: number, index: number) => index % 4 === 0);
}

/** A request whose head and half of whose body have been sent; `finish` sends the rest and gives what comes back. */
async function begun(where: string, body: string, headers = '') {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  const head = `POST ${where} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}Content-Length: ${body.length}\r\n\r\n`;
  socket.write(head + body.slice(0, 20));
  // Its headers have been read once others after it are answered.
  for (let i = 0; i < 3; i++) await send('/v2/health/live');
  return {
    async finish(): Promise<string> {
      socket.write(body.slice(20));
      return await text(socket);
    },
  };
}

describe('what was accepted is answered by the version that was current then', () => {
  it('where the model is loaded again', async () => {
    await start(scaled(2));
    const half = await begun('/v2/models/m/infer', bodyOf(3));
    writeFileSync(path, scaled(10));
    expect((await repository('load')).status).toBe(200);
    expect(await infer(3)).toEqual([30]);
    expect(await half.finish()).toMatch(/^HTTP\/1.1 200 .*"data":\[6,2,2,2\]/s);
  });

  it('where it is unloaded, after which others are told so', async () => {
    await start(scaled(2));
    const half = await begun('/v2/models/m/infer', bodyOf(3));
    expect((await repository('unload')).status).toBe(200);
    expect(await infer(3)).toBe("404 model 'm' is not loaded");
    const index = async () => (await send('/v2/repository/index', { method: 'POST' })).json;
    expect(await index()).toMatchObject([{ name: 'm', state: 'UNLOADING' }]);
    expect(await half.finish()).toMatch(/^HTTP\/1.1 200 .*"data":\[6,2,2,2\]/s);
    while ((await index())[0].state !== 'UNAVAILABLE');
    expect((await repository('unload')).status).toBe(404);
  });

  it('where it waits for company in a batch', async () => {
    await start(scaled(2), { maxBatch: 8, maxDelayMs: 60_000, deadlineMs: 100_000 });
    const metrics = async () => Buffer.from((await send('/metrics')).bytes).toString();
    const all: ReturnType<typeof infer>[] = [];
    let answered = 0;
    const waiting = async () =>
      Number(/^nv_inference_pending_request_count\S* (\d+)$/m.exec(await metrics())?.[1]);
    // One of them runs; others wait, until their batch is full.
    do {
      for (let i = 0; i < 3; i++) all.push(infer(1).finally(() => answered++));
      while ((await waiting()) + answered < all.length);
    } while (answered === all.length);
    expect((await repository('unload')).status).toBe(200);
    expect(await Promise.all(all)).toEqual(all.map(() => [2]));
  });

  it('until --drain-ms is over, and then it is told', async () => {
    await start(scaled(2), { drainMs: 100 });
    const half = await begun('/v2/models/m/infer', bodyOf(3));
    await repository('unload');
    while ((await send('/v2/repository/index', { method: 'POST' })).json[0].state === 'UNLOADING');
    expect(await half.finish()).toMatch(
      /^HTTP\/1.1 503 .*model 'm' was removed, and its requests had 100 ms to end: try again/s,
    );
  });
});

describe('loads of one model', () => {
  it('that wait are one', async () => {
    const lines: string[] = [];
    await start(scaled(2), { log: { write: (line) => lines.push(line) } });
    const loaded = () => lines.filter((line) => line.includes('model loaded')).length;
    const results = await Promise.all(Array.from({ length: 20 }, () => repository('load')));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200]));
    // The first of all, the one that began at once, and one for all that waited.
    expect(loaded()).toBe(3);
    const stop = new AbortController();
    const load = () =>
      fetch(`${server.url}/v2/repository/models/m/load`, { method: 'POST', signal: stop.signal }).catch(
        () => {},
      );
    const before = loaded();
    const left = Array.from({ length: 20 }, load);
    // Once one is done, all have come: Node 22 would send none that is taken back at once.
    while (loaded() === before) await new Promise((resolve) => setTimeout(resolve, 1));
    stop.abort();
    await Promise.all(left);
    while (!lines.some((line) => line.includes('/load') && line.includes('499'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await infer(1)).toEqual([2]);
    // One that had begun, and one that may have before they left.
    expect(loaded()).toBeLessThanOrEqual(5);
  });

  it('make requests meanwhile wait for none: they are told that it is loading', async () => {
    await start(scaled(2));
    await repository('unload');
    const loading = repository('load');
    const answers: unknown[] = [];
    for (let done = false; !done; ) {
      const answer = await infer(1);
      answers.push(answer);
      done = Array.isArray(answer);
    }
    expect((await loading).status).toBe(200);
    expect(answers).toContain("503 model 'm' is loading: try again later");
    expect((await send('/v2/models/m')).status).toBe(200);
  });

  it('that are under way are undone by an unload that comes after', async () => {
    await start(scaled(2));
    const [loaded, unloaded] = await Promise.all([repository('load'), repository('unload')]);
    expect([loaded.status, unloaded.status]).toEqual([200, 200]);
    expect(await infer(1)).toBe("404 model 'm' is not loaded");
  });
});

describe('a server that begins', () => {
  it('is ready once every model has a worker; those that are still to be loaded are loading', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const other = join(folder, 'second.onnx');
    for (const file of [path, other]) writeFileSync(file, scaled(2));
    const seen = new Set<string>();
    const starting = serve({ models: [path, other], port, workers: 1 });
    let done = false;
    starting.finally(() => {
      done = true;
    });
    const status = (where: string) =>
      fetch(`http://127.0.0.1:${port}${where}`).then(
        (response) => response.arrayBuffer().then(() => response.status),
        () => 0,
      );
    while (!done) {
      const [ready, second, first] = [
        await status('/v2/health/ready'),
        await status('/v2/models/second/ready'),
        await status('/v2/models/m/ready'),
      ];
      seen.add(`${ready} ${second} ${first}`);
    }
    server = await starting;
    const before = [...seen].filter((each) => !each.includes('0 ') && each !== '200 200 200');
    expect(before).toContain('503 503 200');
    expect(before.filter((each) => !each.startsWith('503'))).toEqual([]);
    expect(await status('/v2/health/ready')).toBe(200);
  });
});

describe('a file that is watched', () => {
  it('is loaded again also where it was replaced while it was being loaded', async () => {
    const other = join(folder, 'other.onnx');
    writeFileSync(other, scaled(10));
    const lines: string[] = [];
    const log = {
      write(line: string) {
        // It has been read, and the server has not begun to watch.
        if (lines.push(line) && line.includes('model loaded') && lines.length < 3) renameSync(other, path);
      },
    };
    await start(scaled(2), { watch: true, log });
    while (String(await infer(1)) !== '10') await new Promise((resolve) => setTimeout(resolve, 50));
  });
});

describe('requests are merged only where rows are independent', () => {
  const across = [node('ReduceMax', ['x'], ['big']), node('Div', ['x', 'big'], ['y'])];
  const twice = [node('Concat', ['x', 'x'], ['y'], { axis: int(0) })];

  const negative = [
    node('Sub', ['factor', 'factor'], ['zero']),
    node('ReduceMin', ['x'], ['least']),
    node('Min', ['least', 'zero'], ['low']),
    node('Sub', ['x', 'low'], ['y']),
  ];
  const beyond = [
    node('ReduceMax', ['x'], ['big']),
    node('Max', ['big', 'factor'], ['scale']),
    node('Div', ['x', 'scale'], ['y']),
  ];
  const tiny = [
    ...across.slice(0, 1),
    node('Div', ['x', 'big'], ['share']),
    node('Mul', ['share', 'factor'], ['y']),
  ];

  it.each([
    ['looks across the batch', scaled(1, across), 1, /changes by .* with another row beside it/],
    ['gives other rows than it takes', scaled(1, twice, 'M'), 4, /another number of rows than it takes/],
    ['looks for what is negative', scaled(1, negative), 4, /changes by .* with another row beside it/],
    [
      'looks beyond 255',
      scaled(255, beyond),
      Math.fround(4 / 255),
      /changes by .* with another row beside it/,
    ],
    ['gives tiny values', scaled(1e-5, tiny), Math.fround(1e-5), /changes by .* with another row beside it/],
  ])('not in a model that %s', async (_, model, expected, why) => {
    const lines: string[] = [];
    await start(model, { maxBatch: 8, maxDelayMs: 20, log: { write: (line) => lines.push(line) } });
    expect(lines.join('')).toMatch(why);
    expect((await send('/v2/models/m')).json.parameters.batching).toMatch(why);
    const all = await Promise.all(Array.from({ length: 24 }, () => infer(4)));
    expect(new Set(all.map((rows) => Number(rows[0])))).toEqual(new Set([expected]));
  });

  it('and then are, each with its own answer', async () => {
    const lines: string[] = [];
    await start(scaled(3), { maxBatch: 8, maxDelayMs: 20, log: { write: (line) => lines.push(line) } });
    const all = await Promise.all(Array.from({ length: 24 }, (_, i) => infer(i, i + 1)));
    expect(all).toEqual(Array.from({ length: 24 }, (_, i) => [3 * i, 3 * (i + 1)]));
    expect(lines.join('')).not.toContain('not merged');
  });
});

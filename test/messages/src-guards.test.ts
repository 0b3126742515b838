/** What was once said where it was not true: each message beside the guard that lets it be printed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { encodeModel } from '../../graph/file/write.js';
import { input } from '../../graph/ir/value.js';
import { relu, sigmoid } from '../../graph/ops/unary.js';
import { bench } from '../../src/api/bench.js';
import { loadTest } from '../../src/api/loadtest.js';
import { optimizeModel } from '../../src/api/optimize.js';
import { serve } from '../../src/api/serve.js';
import { verify } from '../../src/api/verify.js';
import { writeVerified } from '../../src/api/write-proven.js';
import { parseCount, parseDeadline, parseMilliseconds, parseSize } from '../../src/cli/flags/arguments.js';
import { examplesFor } from '../../src/transform/calibration-inputs.js';
import { safetensors } from '../support/craft.js';
import { fixture } from '../support/fixtures.js';
import { handmade, modelOf } from '../support/graph.js';
import { COLOURS, pixelwise, pixelwiseBytes, UNIT } from '../support/pixelwise.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-guards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const segmenting = { ...COLOURS, end: sigmoid, metadata: { 'nmode.recipe': UNIT } };

describe('an argument is refused by the bounds that it has', () => {
  it.each<[(text: string) => unknown, string, RegExp]>([
    [parseCount, '1000000', /from 1 to 999999/],
    [parseSize, '100000x1', /each from 1 to 99999/],
    [parseSize, '0x5', /each from 1 to 99999/],
    // Longer ones would make Node's timers fire at once.
    [parseMilliseconds, '3e9', /a number of milliseconds from 0 to 2147483647/],
    [parseDeadline, '3e9', /a number of milliseconds above 0, at most 2147483647/],
    [parseDeadline, '0', /a number of milliseconds above 0/],
  ])('%p: %s', (parse, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('workers where none are taken, also 0 of them', async () => {
    await expect(bench({ models: ['m.onnx'], workers: 0 })).rejects.toThrow(
      /^`workers: 0` requires `scenario: 'offline'`/,
    );
  });
});

describe('a load test', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());
  const at = async (status: number, body: object): Promise<string> => {
    server = createServer((request, response) => {
      const isInfer = request.url?.endsWith('/infer');
      request.resume().on('end', () => response.writeHead(isInfer ? 503 : status).end(JSON.stringify(body)));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it('does not say that refused requests were not answered', async () => {
    const url = await at(200, { inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }] });
    await expect(loadTest({ url, model: 'm', clients: 1, duration: 0.05 })).rejects.toThrow(
      /: no request succeeded: 503 \(\d+\)$/,
    );
  });

  it('asks for no model of a server that has none, and says which types it sends', async () => {
    await expect(loadTest({ url: await at(200, []) })).rejects.toThrow(/^the server has no model$/);
    server?.close();
    const url = await at(200, { inputs: [{ name: 'x', datatype: 'INT64', shape: [1] }] });
    await expect(loadTest({ url, model: 'm' })).rejects.toThrow(
      "input 'x' is INT64: only FP32, UINT8, UINT16 are sent",
    );
  });

  it('knows that ftp has URLs', async () => {
    await expect(loadTest({ url: 'ftp://host' })).rejects.toThrow(/is not a URL of http or https/);
  });
});

it('a deadline beyond what a timer can wait is refused, instead of passing at once', async () => {
  const models = [file('served.onnx', pixelwiseBytes(segmenting))];
  await expect(serve({ models, port: 0, workers: 1, deadlineMs: 3e9 })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: 'deadlineMs is 3000000000, expected 0.001 to 2147483647',
  });
});

it('several images as they are cannot be fed, which is the model’s to say', async () => {
  const type = { dtype: 'uint8', shape: [2, 8, 8, 3] } as const;
  const model = handmade({ inputs: [{ name: 'x', type }], outputs: [{ name: 'x' }] });
  await expect(examplesFor(model, 'm.onnx', fixture('images'))).rejects.toMatchObject({
    code: 'BAD_MODEL',
    message: 'm.onnx: it takes 2 images at a time, expected 1 or an open batch',
  });
});

it('weights that may be replaced are not to blame where they would be too few', async () => {
  const model = pixelwise(segmenting);
  const { inputs, initializers } = model.graph;
  const more = [...initializers].map(([name, { dtype, dims }]) => ({ name, type: { dtype, shape: dims } }));
  const path = file(
    'inputs.onnx',
    encodeModel({ ...model, graph: { ...model.graph, inputs: [...inputs, ...more] } }),
  );
  const output = join(folder, 'out.onnx');
  const images = fixture('images');
  await expect(optimizeModel({ model: path, output, images, precision: 'int8-weights' })).rejects.toThrow(
    /nothing of it can be in int8-weights: it holds no convolution \(Conv\) with 1024/,
  );
});

it('a model that takes images is not told to be exported where it may not have been', async () => {
  const type = { dtype: 'uint8', shape: [1, 8, 8, 3] } as const;
  const model = file(
    'images.onnx',
    encodeModel(handmade({ inputs: [{ name: 'x', type }], outputs: [{ name: 'x' }] })),
  );
  const header = { x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } };
  const reference = file('x.safetensors', safetensors(header, new Uint8Array(4)));
  await expect(verify({ model, reference })).rejects.toThrow(
    /without its preprocessing, as `exportModel\(\{ reference \}\)`/,
  );
});

it('outputs that match the reference are not named where another misses it', async () => {
  const x = input('x', 'float32', [1]);
  const model = modelOf([x], { right: relu(x), wrong: sigmoid(x) });
  const entry = (at: number) => ({ dtype: 'F32', shape: [1], data_offsets: [4 * at, 4 * at + 4] });
  const header = { x: entry(0), right: entry(1), wrong: entry(2) };
  const reference = file('two.safetensors', safetensors(header, new Uint8Array(12)));
  const verifiable = { model, network: model, notes: [], assumed: [], rule: {} };
  await expect(writeVerified(verifiable, { output: join(folder, 'two.onnx'), reference })).rejects.toThrow(
    /^the model misses the reference: wrong by 5\.00e-1 where 1e-5 is allowed; nothing was written/,
  );
});

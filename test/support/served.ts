import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import { probeInput } from '../../runtime/sessions/probe.js';
import type { TypedTensor } from '../../runtime/sessions/tensors.js';
import { type ServeOptions, type Server, serve } from '../../src/api/serve.js';
import { exported, fixture } from './fixtures.js';

/** Height and width of the models that have them fixed. */
export const SIDE = 32;
export const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
export const told = { decoder: 'eed', activation: 'gelu' } as const;

/** A tensor that the models take, as numbers, as bytes, and as a request tells it. */
export const input = probeInput({
  name: 'input',
  dtype: 'float32',
  shape: [1, 3, SIDE, SIDE],
}) as TypedTensor<'float32'>;
export const numbers: readonly number[] = Array.from(input.data);
export const blob = new Uint8Array(input.data.slice().buffer);
export const port = { name: 'input', shape: [1, 3, SIDE, SIDE], datatype: 'FP32' };
export const infer = (model: string) => `/v2/models/${model}/infer`;

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
}

/** A request of JSON, and of tensors as bytes behind it. */
export function binary(request: object, ...tensors: readonly Uint8Array[]): Sent {
  const json = Buffer.from(JSON.stringify(request));
  return {
    headers: { 'inference-header-content-length': String(json.length) },
    body: new Uint8Array(Buffer.concat([json, ...tensors])),
  };
}

/** The numbers as an input, with what is to be otherwise. */
export function withInput(changes: object = {}, others: object = {}): Sent {
  return { body: JSON.stringify({ inputs: [{ ...port, data: numbers, ...changes }], ...others }) };
}

export async function sendTo(url: string, { method, headers, body }: Sent = {}) {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  const isJson = /json|octet/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: isJson ? JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))) : undefined,
    tail: bytes.subarray(length),
  };
}

/** A server of three models, for the tests of a file: `fixed` and `open` in size, and `bytes`, which takes images. */
export function served(options: Omit<ServeOptions, 'models'> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-serve-'));
  const file = (name: string) => join(folder, name);
  let server: Server;
  beforeAll(async () => {
    const size = { batch: 1, height: SIDE, width: SIDE };
    writeFileSync(file('fixed.onnx'), await exported(trained, { ...told, size }));
    writeFileSync(file('open.onnx'), await exported(trained, { ...told, size: {} }));
    writeFileSync(file('bytes.onnx'), await exported(trained, { ...told, io: 'image', size }));
    const models = ['fixed', 'open', 'bytes'].map((name) => file(`${name}.onnx`));
    server = await serve({ models, port: 0, workers: 1, ...options });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const send = (path: string, sent?: Sent) => sendTo(server.url + path, sent);
  return {
    file,
    send,
    url: () => server.url,
    /** Whether JSON is what a schema of the server's own document says. */
    async conforms(json: unknown, schema: string): Promise<void> {
      const { json: document } = await send('/docs/openapi.json');
      const ajv = new Ajv({ strict: false, allErrors: true });
      ajv.addSchema(document, 'api');
      const valid = ajv.validate(`api#/components/schemas/${schema}`, json);
      expect(valid ? [] : ajv.errors).toEqual([]);
    },
    /** A count of the metrics, by its name and labels. */
    async counted(name: string): Promise<number> {
      const text = Buffer.from((await send('/metrics')).bytes).toString();
      const line = text.split('\n').find((each) => each.startsWith(`${name} `));
      return Number(line?.slice(name.length) ?? 0);
    },
  };
}

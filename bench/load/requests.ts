import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { RELEASE_SIDE } from '../../graph/recipe/recipe.js';
import { root } from '../networks.js';
import type { Sent } from './client.js';

/** A request, and how it should be answered. */
export interface LoadRequest extends Sent {
  readonly kind: string;
  /** Default 200. */
  readonly status?: number;
}

/** What the model is called that is served. */
export const MODEL = 'lesion';
/** Photographs of each kind: of requests that run as one batch, none may be given another's answer. */
const PHOTOGRAPHS = 3;
/** Milliseconds. */
const SLOWLY = 600;

const [INFER, SEGMENT] = [`/v2/models/${MODEL}/infer`, `/v1/models/${MODEL}/segment`];

type Requests = readonly [LoadRequest, ...LoadRequest[]];

/** Every way to ask for a mask, of several photographs; the same list in every process. */
export async function requestsFor(): Promise<Requests> {
  const folder = join(root, 'fixtures/images');
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  const photographs = names.sort().slice(0, PHOTOGRAPHS);
  const all = await Promise.all(photographs.map((name) => ofPhotograph(readFileSync(join(folder, name)))));
  const [first, ...others] = all.flat();
  if (first === undefined) throw new TypeError('no photographs');
  return [first, ...others];
}

async function ofPhotograph(photograph: Buffer): Promise<readonly LoadRequest[]> {
  const values = await planesOf(photograph);
  const tensor = { name: 'input', shape: [1, 3, RELEASE_SIDE, RELEASE_SIDE], datatype: 'FP32' };
  const binary = inBytes(tensor, values);
  const json = { method: 'POST', path: INFER, headers: { 'content-type': 'application/json' } } as const;
  const image = { method: 'POST', path: SEGMENT, body: photograph } as const;
  const form = { method: 'POST', path: SEGMENT, ...asForm(photograph) } as const;
  return [
    { kind: 'tensors, bytes', ...binary },
    { kind: 'tensors, bytes, slowly', ...binary, over: SLOWLY },
    {
      kind: 'tensors, JSON',
      ...json,
      body: Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data: Array.from(values) }] })),
    },
    { kind: 'image to mask', ...image, headers: { accept: 'image/png' } },
    { kind: 'image to JSON', ...image, headers: { accept: 'application/json' } },
    { kind: 'form', ...form },
    { kind: 'form, slowly', ...form, over: SLOWLY },
  ];
}

/** What a client may do wrong with a request that is right; the server must say so, and go on. */
export function faultyRequests(good: LoadRequest): readonly LoadRequest[] {
  const photograph = readFileSync(join(root, 'fixtures/images/ISIC_0000082.jpg'));
  return [
    { kind: 'half a JPEG', method: 'POST', path: SEGMENT, body: photograph.subarray(0, 9000), status: 400 },
    { kind: 'no JSON', method: 'POST', path: INFER, body: Buffer.from('{"inputs":[{'), status: 400 },
    { kind: 'no such model', method: 'POST', path: '/v2/models/none/infer', status: 404 },
    { ...good, kind: 'leaves while it is sent', over: SLOWLY, leavesAfter: SLOWLY / 3 },
    { ...good, kind: 'leaves while it is run', leavesAfter: 10 },
    { kind: 'metrics', method: 'GET', path: '/metrics' },
  ];
}

/** Channels one after the other, in [0, 1). */
async function planesOf(photograph: Buffer): Promise<Float32Array> {
  const side = RELEASE_SIDE;
  const pixels = await sharp(photograph).resize(side, side, { fit: 'fill' }).removeAlpha().raw().toBuffer();
  return Float32Array.from({ length: pixels.length }, (_, at) => {
    const [channel, pixel] = [Math.floor(at / side ** 2), at % side ** 2];
    return (pixels[3 * pixel + channel] ?? 0) / 256;
  });
}

function inBytes(tensor: object, values: Float32Array) {
  const inputs = [{ ...tensor, parameters: { binary_data_size: values.byteLength } }];
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    method: 'POST',
    path: INFER,
    headers: { 'inference-header-content-length': String(json.length) },
    body: Buffer.concat([json, Buffer.from(values.buffer)]),
  } as const;
}

const BOUNDARY = 'nmode-bench';

/** As `curl -F image=@lesion.jpg` sends it. */
export function asForm(file: Buffer) {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="lesion.jpg"\r\n\r\n`;
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}

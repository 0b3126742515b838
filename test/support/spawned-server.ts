/** A server in a process of its own, of two models, one at a time: what kills it, or what it is sent, is no test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { ALLOCATOR } from '../../src/cli/allocator.js';
import { exported, fixture, root } from './fixtures.js';
import { main } from './nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-faults-'));
export const file = (name: string) => join(folder, name);
export const trigger = file('crash');
const preload = join(root, 'test/support/crash.mjs');

export let child: ChildProcess | undefined;
export let port = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 150 });

export async function start(model: string, ...flags: string[]): Promise<void> {
  const args = ['--import', preload, main, 'serve', file(model), '--port', '0', '--quiet', ...flags];
  const env = { ...process.env, ...ALLOCATOR, CRASH: trigger };
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  child = started;
  for await (const line of createInterface(started.stdout)) {
    const [, found] = /Serving at http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (found === undefined) continue;
    port = Number(found);
    return;
  }
  throw new Error('the server did not start');
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** The status, or what went wrong with the connection. */
export function send({
  method = 'POST',
  path,
  body,
  headers,
  signal,
}: Sent): Promise<{ status: number | string; text: string }> {
  return new Promise((resolve) => {
    // Node does not tell the length of a GET's body on its own.
    const told = { ...headers, 'content-length': Buffer.byteLength(body ?? '') };
    const sending = request(
      { port, path, method, agent, headers: told, ...(signal && { signal }) },
      async (response) => {
        const parts: Buffer[] = [];
        try {
          for await (const part of response) parts.push(part);
        } catch (error) {
          return resolve({ status: String(error), text: '' });
        }
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() });
      },
    );
    sending.on('error', (error) => resolve({ status: error.message, text: '' }));
    sending.end(body);
  });
}

/** A request that the server has accepted, and whose body is sent when this is called. */
export async function held({ path, body = '', headers }: Sent): Promise<() => Promise<number>> {
  const told = { ...headers, 'content-length': Buffer.byteLength(body), expect: '100-continue' };
  const sending = request({ port, path, method: 'POST', agent, headers: told });
  sending.flushHeaders();
  await once(sending, 'continue');
  return async () => {
    sending.end(body);
    const [response] = await once(sending, 'response');
    return response.resume().statusCode;
  };
}

export const ready = async () => (await send({ method: 'GET', path: '/v2/health/ready' })).status;

/** A request of ones that takes a model a while. */
export function infer(model: string, batch: number, side: number): Sent {
  const data = new Float32Array(batch * 3 * side * side).fill(1);
  const input = {
    name: 'input',
    shape: [batch, 3, side, side],
    datatype: 'FP32',
    parameters: { binary_data_size: data.byteLength },
  };
  const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  return {
    path: `/v2/models/${model}/infer`,
    headers: { 'inference-header-content-length': String(json.length) },
    body: Buffer.concat([json, Buffer.from(data.buffer)]),
  };
}

/** What is answered to bytes that are sent as they are. */
export async function answered(...parts: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body };
}

beforeAll(async () => {
  const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
  const told = { decoder: 'eed', activation: 'gelu' } as const;
  // Two images at a time: it takes no photographs, and has no thread for them.
  const size = { batch: 2, height: 128, width: 128 };
  writeFileSync(file('pair.onnx'), await exported(trained, { ...told, size }));
  writeFileSync(file('open.onnx'), await exported(trained, { ...told, size: {} }));
});

/** Ends the server, which need not do anything any more. */
export async function stop(): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

afterEach(stop);

afterAll(() => {
  agent.destroy();
  rmSync(folder, { recursive: true });
});

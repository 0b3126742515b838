import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { ALLOCATOR } from '../../src/cli/allocator.js';
import { main } from '../support/nmode.js';
import { COLOURS, pixelwiseBytes } from '../support/pixelwise.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-surroundings-'));
const model = join(folder, 'm.onnx');
writeFileSync(model, pixelwiseBytes(COLOURS));

let child: ChildProcess | undefined;
/** One connection, opened at once. */
let agent: Agent;
afterEach(() => {
  agent.destroy();
  child?.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a server behind a command of the shell; its port. */
async function start(before: string, stderr: number | 'pipe'): Promise<number> {
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const command = `${before} exec "$0" "$@"`;
  const args = [main, 'serve', model, '--port', '0', '--workers', '1'];
  const started = spawn('bash', ['-c', command, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', stderr],
    // It is the process that serves, whatever Node can do.
    env: { ...process.env, ...ALLOCATOR },
  });
  child = started;
  for await (const line of createInterface(started.stdout as NodeJS.ReadableStream)) {
    const port = /Serving at .*:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('the server did not start');
}

function send(port: number, path: string, method = 'GET'): Promise<{ status?: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sending = request({ port, path, method, agent }, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ ...(response.statusCode && { status: response.statusCode }), text });
    });
    sending.on('error', reject).end();
  });
}

async function ends(): Promise<void> {
  child?.kill('SIGTERM');
  expect(await once(child as ChildProcess, 'exit')).toEqual([0, null]);
}

const drops = async (port: number) =>
  Number(/^nmode_log_lines_dropped_total (\d+)/m.exec((await send(port, '/metrics')).text)?.[1]);

it('a server gives its models less of the processor than what it answers with', async () => {
  await start('', 'pipe');
  const threads = `/proc/${child?.pid}/task`;
  if (process.platform === 'linux') {
    const priorities = readdirSync(threads).map((id) => [Number(id), getPriority(Number(id))]);
    const own = getPriority(child?.pid);
    expect(priorities.filter(([, priority = own]) => priority > own).length).toBeGreaterThan(0);
  }
  await ends();
});

it('a server lives on where nobody reads what it says', async () => {
  const port = await start('', 'pipe');
  child?.stdout?.destroy();
  child?.stderr?.destroy();
  for (let i = 0; i < 4; i++) expect((await send(port, '/v2')).status).toBe(200);
  expect(await drops(port)).toBeGreaterThanOrEqual(3);
  await ends();
});

it('a server lives on without file descriptors, and on a full disk', async () => {
  const full = openSync('/dev/full', 'w');
  const port = await start('ulimit -n 128;', full);
  closeSync(full);
  expect((await send(port, '/v2')).status).toBe(200);
  const others = Array.from({ length: 150 }, () =>
    connect(port, '127.0.0.1', function (this: ReturnType<typeof connect>) {
      this.write('GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n');
    }).on('error', () => {}),
  );
  const load = '/v2/repository/models/m/load';
  let refused = await send(port, load, 'POST');
  while (refused.status === 200) refused = await send(port, load, 'POST');
  expect(refused.text).toMatch(/too many open files/);
  expect((await send(port, '/v2/models/m/ready')).status).toBe(200);
  for (const other of others) other.destroy();
  while ((await send(port, load, 'POST')).status !== 200);
  expect(await drops(port)).toBeGreaterThan(0);
  await ends();
});

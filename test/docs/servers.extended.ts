import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import { furnish, makeClone } from '../support/clone.js';
import { blocksBy } from '../support/doc-blocks.js';
import { main } from '../support/nmode.js';

const clone = makeClone();
beforeAll(() => furnish(clone));
afterAll(() => clone.remove());

let server: ChildProcess | undefined;
afterEach(async () => {
  if (server === undefined) return;
  server.kill();
  await once(server, 'exit');
  server = undefined;
});

/** Starts a command on ports that are free, and says where it listens, by the ports of the docs. */
async function start(command: string): Promise<Readonly<Record<string, string>>> {
  const words = command.replace(/^npx nmode /, '').replace(/--grpc-port \d+/, '--grpc-port 0');
  const args = [...words.split(' '), '--port', '0'];
  server = spawn(process.execPath, [main, ...args], {
    cwd: clone.folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  for await (const chunk of server.stdout ?? []) {
    printed += chunk;
    const [, http] = /(?:Serving|page is) at http:\/\/([\d.:]+)/.exec(printed) ?? [];
    const [, grpc = ''] = /gRPC at ([\d.:]+)/.exec(printed) ?? [];
    if (http !== undefined) return { 8000: http, 8001: grpc };
  }
  throw new Error(`${command} ended: ${printed}`);
}

/** A client of the docs, sent to where the server is. */
const sentTo = (ports: Readonly<Record<string, string>>, code: string) =>
  code.replaceAll(/(?:localhost|127\.0\.0\.1):(800\d)/g, (_, port: string) => ports[port] ?? '');

const blocks = blocksBy('servers');
const lines = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ code }) => code.split('\n').map((line) => line.replace(/ +#.*$/, '')));
const [starts, ends] = [/^npx nmode (serve|demo)(?!.* -o )/, /^npx nmode demo .*-o /];

it.each([...new Set(lines.filter((line) => starts.test(line)))])('%s listens', async (command) => {
  const { 8000: http } = await start(command);
  expect((await fetch(`http://${http}${command.includes('demo') ? '/' : '/v2/health/live'}`)).status).toBe(
    200,
  );
});

it.each(lines.filter((line) => ends.test(line)))('%s runs', (command) => {
  expect(clone.run(command)).toMatchObject({ status: 0, stderr: '' });
});

it('curl gets what the docs say, and programs get probabilities', async () => {
  const ports = await start('npx nmode serve out/model.onnx --grpc-port 8001');
  // Also those in comments.
  const curls = blocks.flatMap(({ language, code }) =>
    language === 'sh' ? (code.match(/curl .*/g) ?? []) : [],
  );
  expect(curls).toHaveLength(3);
  for (const curl of curls) {
    expect(clone.run(sentTo(ports, curl.replace('curl', 'curl --fail --silent')))).toMatchObject({
      status: 0,
    });
  }
  const programs = blocks.filter(({ language }) => language !== 'sh');
  expect(programs).toHaveLength(2);
  for (const { code } of programs) {
    const { code: program } = transformSync(sentTo(ports, code), { loader: 'ts', format: 'esm' });
    writeFileSync(join(clone.folder, 'client.mjs'), program);
    const ran = spawnSync(process.execPath, ['client.mjs'], { cwd: clone.folder, encoding: 'utf8' });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    // The one that prints has a mask of 256 x 256.
    if (code.includes('console.log')) expect(ran.stdout.trim()).toBe(String(4 * 256 * 256));
  }
});

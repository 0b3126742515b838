import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './networks.js';

const main = join(root, 'dist/src/cli/main.js');

/** What a command prints as JSON. */
export function run<T>(...args: string[]): T {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args, '--json'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`nmode ${args[0]}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Serves a model while `body` runs. */
export async function serving<T>(
  model: string,
  flags: readonly string[],
  body: (url: string) => Promise<T>,
): Promise<T> {
  const args = ['serve', model, '--port', '0', '--quiet', ...flags];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface(child.stdout)) {
      const [url] = /http:\S+/.exec(line) ?? [];
      if (url !== undefined) return await body(url);
    }
    throw new Error('the server did not start');
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

/** Bytes of memory that a server holds, by its own metrics. */
export async function memoryOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { ALLOCATOR } from '../src/cli/allocator.js';
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

/** A server that runs. */
export interface Served {
  readonly url: string;
  /** Where it serves over gRPC, with `--grpc-port`. */
  readonly grpc: string | undefined;
  readonly pid: number;
  /** What a module that it was started with answers (`preload`). */
  ask<T>(): Promise<T>;
}

/** Longer than requests under way are waited for (`--drain-ms`). */
const END_WITHIN = 45_000;

/**
 * Serves a model while `body` runs.
 * @param preload a module that the server's process imports first, and options of node
 * @throws Error where the server does not start, ends by itself, or does not end when it is told to
 */
export async function serving<T>(
  model: string,
  flags: readonly string[],
  body: (server: Served) => Promise<T>,
  preload: readonly string[] = [],
): Promise<T> {
  const args = [...preload, main, 'serve', model, '--port', '0', '--quiet', ...flags];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // As docs/operations.md has it: a server that is asked through a channel, or runs on Node 20, cannot see to it itself.
    env: { ...ALLOCATOR, ...process.env },
  });
  const ended = once(child, 'exit');
  const early = ended.then(([code, signal]) => {
    throw new Error(`the server ended by itself: ${signal ?? code}`);
  });
  early.catch(() => {});
  const { pid = 0 } = child;
  const ask = async <A>() => {
    const answer = once(child, 'message');
    child.send('?');
    const [told] = await answer;
    return told as A;
  };
  let result: T;
  try {
    const places = await Promise.race([placesOf(child.stdout), early]);
    result = await Promise.race([body({ ...places, pid, ask }), early]);
  } finally {
    child.kill();
    const forced = setTimeout(() => child.kill('SIGKILL'), END_WITHIN);
    await ended;
    clearTimeout(forced);
  }
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`the server did not end as it should: ${signal ?? code}`);
  return result;
}

async function placesOf(output: Readable | null): Promise<Pick<Served, 'url' | 'grpc'>> {
  let grpc: string | undefined;
  for await (const line of output === null ? [] : createInterface(output)) {
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url !== undefined) return { url, grpc };
    grpc ??= /^gRPC at (\S+)$/.exec(line)?.[1];
  }
  throw new Error('the server did not start');
}

/** Bytes of memory that a process holds, and the most that it has held (Linux). */
export function memoryOf(pid: number): { readonly held: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { held: field('VmRSS'), peak: field('VmHWM') };
}

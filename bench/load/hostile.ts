/** A part: what no client should send, over and over, and connections that send nothing. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { root } from '../networks.js';
import { now } from './client.js';
import { asForm, MODEL } from './requests.js';
import { runPart } from './run-part.js';

export interface HostileTask {
  readonly url: string;
  /** Connections that are opened, and again where they are closed, on which nothing comes. */
  readonly idle: number;
}

/** What became of one thing that was sent. */
export interface Met {
  readonly kind: string;
  /** A status, or how the connection ended. */
  readonly how: string;
  /** Milliseconds. */
  readonly took: number;
}

/** Nearly the largest body that is taken. */
const LARGE = 62e6;
const CHUNK = 2 ** 20;
/** Milliseconds: between two of a kind, and until one that is neither answered nor closed hangs. */
const [PAUSE, HANGS] = [1000, 90_000];
const SLOW_ONES = 20;

const photograph = readFileSync(join(root, 'fixtures/images/ISIC_0000082.jpg'));
const [INFER, SEGMENT] = [`/v2/models/${MODEL}/infer`, `/v1/models/${MODEL}/segment`];

function head(path: string, headers: Readonly<Record<string, string | number>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\nHost: nmode\r\n${lines.join('')}\r\n`);
}

function* inChunks(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

type Bytes = Iterable<Buffer> | AsyncIterable<Buffer>;

interface Hostile {
  /** What is sent, on a connection of its own. */
  bytes(): Bytes;
  /** Whether the sender's half of the connection is then closed: what it sent is all that comes. */
  readonly leaves?: boolean;
  /** How many of it there are at a time; one where nothing is said. */
  readonly times?: number;
}

const HOSTILE: Readonly<Record<string, Hostile>> = {
  '62 MB of nested JSON': {
    *bytes() {
      yield head(INFER, { 'Content-Length': LARGE });
      const start = '{"inputs":[{"name":"input","shape":[1,3,256,256],"datatype":"FP32","data":';
      yield* inChunks(Buffer.alloc(LARGE, '[').fill(start, 0, start.length));
    },
  },
  'a form of 62 MB': {
    *bytes() {
      const { headers, body } = asForm(Buffer.alloc(LARGE));
      yield head(SEGMENT, { ...headers, 'Content-Length': body.length });
      yield* inChunks(body);
    },
  },
  'a million chunks of a byte': {
    *bytes() {
      yield head(SEGMENT, { 'Transfer-Encoding': 'chunked' });
      yield* inChunks(Buffer.from('1\r\nx\r\n'.repeat(1e6)));
      yield Buffer.from('0\r\n\r\n');
    },
  },
  'a byte a second': {
    async *bytes() {
      yield head(SEGMENT, { 'Content-Length': 1000 });
      for (;;) {
        await setTimeout(1000);
        yield Buffer.from('x');
      }
    },
    times: SLOW_ONES,
  },
  'half a JPEG': {
    *bytes() {
      yield head(SEGMENT, { 'Content-Length': 9000 });
      yield photograph.subarray(0, 9000);
    },
  },
  'less than Content-Length': {
    *bytes() {
      yield head(SEGMENT, { 'Content-Length': 2 * photograph.length });
      yield photograph;
    },
    leaves: true,
  },
  'more than Content-Length': {
    *bytes() {
      yield head(SEGMENT, { 'Content-Length': 9000 });
      yield photograph;
    },
  },
  garbage: {
    *bytes() {
      yield randomBytes(CHUNK);
    },
  },
};

/** Sends it, until an answer comes or the connection ends. */
async function meet(
  socket: Socket,
  { bytes, leaves = false }: Hostile,
  ending: AbortSignal,
): Promise<string> {
  let told = '';
  let error: string | undefined;
  socket.on('error', (thrown: NodeJS.ErrnoException) => {
    error = thrown.code;
  });
  socket.on('data', (data) => {
    told += data.toString('latin1', 0, 20);
    socket.end();
  });
  const closed = once(socket, 'close').catch(() => {});
  const goes = () => !socket.destroyed && told === '' && !ending.aborted;
  for await (const part of bytes()) {
    if (!goes()) break;
    if (!socket.write(part)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
  }
  if (leaves || ending.aborted) socket.end();
  await Promise.race([closed, setTimeout(HANGS, undefined, { ref: false })]);
  const hangs = !socket.destroyed;
  socket.destroy();
  return /^HTTP\/1\.1 (\d+)/.exec(told)?.[1] ?? (hangs ? 'no answer' : (error ?? 'closed'));
}

runPart(async ({ url, idle }: HostileTask, ending): Promise<readonly Met[]> => {
  const { hostname, port } = new URL(url);
  const met: Met[] = [];
  const goes = () => !ending.aborted;
  const ended = once(ending, 'abort');
  const rest = (milliseconds: number) =>
    Promise.race([setTimeout(milliseconds, undefined, { ref: false }), ended]);
  const loop = async (kind: string, hostile: Hostile) => {
    while (goes()) {
      const start = now();
      const how = await meet(connect(Number(port), hostname), hostile, ending);
      met.push({ kind, how, took: now() - start });
      await rest(PAUSE);
    }
  };
  const idleOnes = new Set<Socket>();
  ending.addEventListener('abort', () => {
    for (const socket of idleOnes) socket.destroy();
  });
  const idleConnection = async () => {
    while (goes()) {
      const socket = connect(Number(port), hostname).resume();
      idleOnes.add(socket);
      await once(socket, 'close').catch(() => {});
      idleOnes.delete(socket);
      await rest(PAUSE * Math.random());
    }
  };
  await Promise.all([
    ...Object.entries(HOSTILE).flatMap(([kind, hostile]) =>
      Array.from({ length: hostile.times ?? 1 }, () => loop(kind, hostile)),
    ),
    ...Array.from({ length: idle }, idleConnection),
  ]);
  return met;
});

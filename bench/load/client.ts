import { createHash } from 'node:crypto';
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { reason } from '../../graph/common/errors.js';

/** What is sent. */
export interface Sent {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Milliseconds over which the body is sent, in parts; at once where nothing is said. */
  readonly over?: number;
  /** Milliseconds after which its sender leaves. */
  readonly leavesAfter?: number;
}

/** What became of a request. Times are milliseconds since 1970, in fractions, and mean the same in all processes. */
export interface Outcome {
  readonly kind: string;
  /** Which of the requests of `requestsFor`. */
  readonly index: number;
  readonly start: number;
  /** When its answer began; where it failed, when that was seen. */
  readonly answered: number;
  readonly end: number;
  readonly status?: number;
  /** Of what was answered with 200. */
  readonly digest?: string;
  /** What was answered with another status: its type, and its beginning. */
  readonly type?: string;
  readonly text?: string;
  /** Milliseconds by which it was sent later than it was due, as its sender had no time. */
  readonly late?: number;
  /** Why there was no answer, or no whole one. */
  readonly error?: string;
}

export const now = () => performance.timeOrigin + performance.now();

/** The error of those that left by themselves. */
export const LEFT = 'left';
/** Longer than any deadline of the server. */
const HANGS = 20_000;
const PARTS = 8;

/**
 * Sends a request. No failure is hidden, that of a connection that was kept included: a server that is about to close one says
 * so in the answer before (`Connection: close`), and the agent heeds it.
 * @param agent false for a new connection
 */
export async function send(
  base: string,
  sent: Sent,
  agent: Agent | false,
): Promise<Omit<Outcome, 'kind' | 'index'>> {
  const start = now();
  let answered: number | undefined;
  const leaving = new AbortController();
  const timer = setTimeout(() => leaving.abort(), sent.leavesAfter ?? HANGS);
  try {
    const response = await exchange(base, sent, agent, leaving.signal);
    answered = now();
    const body = await buffer(response);
    const { statusCode: status = 0, headers } = response;
    const what =
      status === 200
        ? { digest: digestOf(body) }
        : { type: headers['content-type'] ?? '', text: body.toString('utf8', 0, 200) };
    return { start, answered, end: now(), status, ...what };
  } catch (error) {
    const left = sent.leavesAfter === undefined ? `no answer in ${HANGS / 1000} s` : LEFT;
    const why = leaving.signal.aborted ? left : reason(error);
    return { start, answered: answered ?? now(), end: now(), error: why };
  } finally {
    clearTimeout(timer);
  }
}

function exchange(
  base: string,
  { method, path, headers = {}, body = Buffer.alloc(0), over }: Sent,
  agent: Agent | false,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = method === 'POST' ? { 'content-length': String(body.length) } : {};
    const options = { method, agent, signal, headers: { ...headers, ...length } };
    const request = httpRequest(new URL(path, base), options, (response) => {
      // Who is answered before all is sent need not send the rest, on a connection that is then of no more use.
      if (!request.writableEnded) response.once('end', () => request.destroy());
      resolve(response);
    });
    request.once('error', reject).on('error', () => {});
    if (over === undefined) request.end(body);
    else sendSlowly(request, body, over / PARTS);
  });
}

async function sendSlowly(request: ClientRequest, body: Buffer, pause: number): Promise<void> {
  const size = Math.ceil(body.length / PARTS);
  let isAnswered = false;
  request.once('response', () => {
    isAnswered = true;
  });
  request.flushHeaders();
  for (let at = 0; at < body.length; at += size) {
    await sleep(pause, undefined, { ref: false });
    if (request.destroyed || isAnswered) return;
    request.write(body.subarray(at, at + size));
  }
  request.end();
}

/** Times differ from answer to answer; all else that is JSON of an image is compared. */
function digestOf(body: Buffer): string {
  const told = /"timings":\{[^}]*\}/.exec(body.toString('latin1'));
  const hash = createHash('sha256');
  if (told === null) hash.update(body);
  else hash.update(body.subarray(0, told.index)).update(body.subarray(told.index + told[0].length));
  return hash.digest('base64');
}

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { NmodeError } from '../../../graph/common/errors.js';
import type { Share } from '../admission/memory.js';
import type { ServerCore } from '../core.js';
import { clientLeft } from '../failures.js';
import { type MessageOptions, Messages } from './messages.js';
import { type CodeName, OK, type Status, statusOf, trailersOf } from './status.js';

/** Milliseconds in which a client takes nothing of an answer before its call is cut. */
const STALLED = 60_000;

/** Milliseconds that a client may take to send the message of a call that has one. */
const REQUEST_TIMEOUT = 60_000;

const HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': 'identity',
} as const;

/** One call: what its client sends, and what it is answered. */
export class Exchange {
  /** When its headers came, of `performance.now()`. */
  readonly since = performance.now();
  readonly share: Share;
  readonly #leaving = new AbortController();
  #end: Status | undefined;

  /** @param headers whatever its client says of it, before it is looked at */
  constructor(
    private readonly core: ServerCore,
    private readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
  ) {
    this.share = core.memory.share();
    // What goes wrong with a stream closes it, and that is told below.
    stream.on('error', () => {});
    stream.once('close', () => {
      this.share.end();
      this.#leaving.abort(clientLeft());
    });
  }

  /** How it was answered; a client that left is one that cancelled. */
  get status(): CodeName {
    return this.#end !== undefined && this.isAnswered ? this.#end.code : 'CANCELLED';
  }

  /** Whether its client was given the whole answer. */
  get isAnswered(): boolean {
    return this.stream.rstCode === constants.NGHTTP2_NO_ERROR && this.stream.writableFinished;
  }

  /** Aborts when the client leaves, and when all is answered. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Calls back once: when it is answered, or its client left. */
  onClose(callback: () => void): void {
    if (this.stream.closed) callback();
    else this.stream.once('close', callback);
  }

  messages(options: Pick<MessageOptions, 'limit' | 'onHead'>): Messages {
    return new Messages(this.stream, { ...options, share: this.share, pool: this.core.pool });
  }

  /**
   * The one message of a call that has one.
   * @param within milliseconds from its headers in which it must have come
   * @throws NmodeError as `Messages` has them
   */
  async only(options: Pick<MessageOptions, 'limit' | 'onHead'>, within = REQUEST_TIMEOUT): Promise<Buffer> {
    const time = Math.min(within, REQUEST_TIMEOUT);
    const expire = () =>
      this.end(statusOf(new NmodeError('DEADLINE', `the message did not come within ${time} ms`)));
    const timer = setTimeout(expire, time);
    return await this.messages(options)
      .only()
      .finally(() => clearTimeout(timer));
  }

  /** Sends a message, its parts one behind the other. */
  send(parts: readonly Uint8Array[]): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(length, 1);
    if (!stream.headersSent) this.#respond();
    stream.cork();
    stream.write(prefix);
    for (const part of parts) stream.write(part);
    stream.uncork();
  }

  #respond(): void {
    const { stream } = this;
    stream.respond(HEADERS, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(trailersOf(this.#end ?? OK)));
    stream.setTimeout(STALLED, () => stream.close(constants.NGHTTP2_CANCEL));
  }

  /** Ends it with a status, unless it has one. */
  end(status: Status = OK): void {
    const { stream } = this;
    if (this.#end !== undefined || stream.destroyed || stream.closed) return;
    this.#end = status;
    if (stream.headersSent) stream.end();
    else stream.respond({ ...HEADERS, ...trailersOf(status) }, { endStream: true });
    // What its client still sends is not waited for.
    stream.removeAllListeners('data').resume();
    const close = () => stream.close(constants.NGHTTP2_NO_ERROR);
    // Node 22 would put its end before an answer that was given in the same turn.
    if (!stream.readableEnded) stream.once('finish', () => setImmediate(close));
  }

  /** Refuses what is no call, as HTTP has it. */
  refuse(status: number): void {
    this.#end = { code: 'INVALID_ARGUMENT', message: '' };
    this.stream.respond({ ':status': status }, { endStream: true });
  }
}

import type { ServerHttp2Stream } from 'node:http2';
import { badUsage, NmodeError } from '../../../graph/common/errors.js';
import type { BufferPool } from '../admission/buffer-pool.js';
import type { Share } from '../admission/memory.js';
import { StatedBody } from '../admission/stated-body.js';
import { clientLeft } from '../failures.js';

/** Before each message: whether it is compressed, and its length in four bytes, the highest first. */
const PREFIX = 5;

/** Messages of one stream that wait to be read: a client sends the next once it has the answer. */
const MOST_WAITING = 16;

export interface MessageOptions {
  /** The most bytes of a message. */
  readonly limit: number;
  readonly pool: BufferPool;
  /** Told of memory before it is taken. */
  readonly share: Share;
  /** Given the first bytes of a message once they have come; what it throws refuses the rest. */
  readonly onHead?: (head: Uint8Array) => void;
}

/** The messages of a stream, each read into memory of its own once there is room for it. */
export class Messages {
  readonly #prefix = Buffer.alloc(PREFIX);
  #prefixLength = 0;
  #body: StatedBody | undefined;
  readonly #whole: Buffer[] = [];
  #hasEnded = false;
  #failure: unknown;
  #wake = () => {};

  constructor(
    stream: ServerHttp2Stream,
    private readonly options: MessageOptions,
  ) {
    stream
      .on('data', (part: Buffer) => this.#take(part))
      .once('end', () => this.#finishCall())
      .once('close', () => this.#end(clientLeft()));
  }

  /**
   * The next message; undefined where the client sends no more.
   * @throws NmodeError: TOO_LARGE, OVERLOADED, BAD_USAGE, UNSUPPORTED; INTERRUPTED where the client left; what `onHead` throws
   */
  async next(): Promise<Buffer | undefined> {
    while (this.#whole.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const message = this.#whole.shift();
    if (message === undefined && this.#failure !== undefined) throw this.#failure;
    return message;
  }

  /** The one message of a call that has one. @throws NmodeError as `next`; BAD_USAGE for none, and for more */
  async only(): Promise<Buffer> {
    const message = await this.next();
    if (message === undefined) throw badUsage('the call has no message, expected one');
    if ((await this.next()) !== undefined) throw badUsage('the call has several messages, expected one');
    return message;
  }

  #finishCall(): void {
    const isCut = this.#prefixLength > 0;
    this.#end(isCut ? badUsage('the call ends in the middle of a message') : undefined);
  }

  #end(why?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#failure = why;
    this.#body?.end();
    this.#wake();
  }

  #take(part: Buffer): void {
    try {
      let rest = part;
      while (rest.length > 0 && !this.#hasEnded)
        rest = this.#body ? this.#grow(this.#body, rest) : this.#begin(rest);
    } catch (error) {
      this.#end(error);
    }
  }

  /** Takes what belongs to a prefix. */
  #begin(part: Buffer): Buffer {
    const taken = part.copy(this.#prefix, this.#prefixLength);
    this.#prefixLength += taken;
    if (this.#prefixLength < PREFIX) return part.subarray(taken);
    const { limit, pool, share } = this.options;
    const length = this.#prefix.readUInt32BE(1);
    if (this.#prefix[0] !== 0)
      throw new NmodeError('UNSUPPORTED', 'the message is compressed: send it as it is');
    if (length > limit)
      throw new NmodeError('TOO_LARGE', `the message has ${length} bytes, at most ${limit} are accepted`);
    this.#body = new StatedBody(length, 0, pool, share);
    if (length === 0) this.#finish(this.#body);
    return part.subarray(taken);
  }

  #grow(body: StatedBody, part: Buffer): Buffer {
    const own = part.subarray(0, body.length - body.bytes.length);
    if (body.bytes.length === 0) this.options.onHead?.(own);
    body.append(own);
    if (body.isWhole) this.#finish(body);
    return part.subarray(own.length);
  }

  #finish(body: StatedBody): void {
    body.end();
    this.#whole.push(body.bytes);
    this.#body = undefined;
    this.#prefixLength = 0;
    if (this.#whole.length > MOST_WAITING) throw badUsage(`more than ${MOST_WAITING} messages come at once`);
    this.#wake();
  }
}

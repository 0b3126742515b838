import { constants, type Http2Session, type ServerHttp2Session } from 'node:http2';

/** Milliseconds in which a new connection must begin to speak HTTP/2. */
const HANDSHAKE = 10_000;

/** Milliseconds between pings that cost a client nothing, and how many more often it may send without an answer in between. */
const [PING_INTERVAL, MAX_STRIKES] = [10_000, 4];

/** Bytes that a connection may have on the way: of several large messages side by side. */
const WINDOW = 2 ** 24;

/** What gRPC's clients take for the reason to ask less often (doc/http2-spec.md, A8). */
const TOO_MANY_PINGS = Buffer.from('too_many_pings');

/** The connections of a server over HTTP/2. */
export class Sessions {
  readonly #open = new Set<ServerHttp2Session>();
  /** Pings of each that came too soon. */
  readonly #strikes = new WeakMap<Http2Session, number>();
  #isDraining = false;

  add(session: ServerHttp2Session): void {
    this.#open.add(session);
    session.once('close', () => this.#open.delete(session));
    // What goes wrong with a connection ends it.
    session.on('error', () => {});
    session.setLocalWindowSize(WINDOW);
    const timer = setTimeout(() => session.destroy(), HANDSHAKE);
    session.once('remoteSettings', () => clearTimeout(timer));
    session.once('close', () => clearTimeout(timer));
    let last = Number.NEGATIVE_INFINITY;
    session.on('ping', () => {
      const now = performance.now();
      const isSoon = now - last < PING_INTERVAL;
      last = now;
      if (!isSoon) return;
      const strikes = 1 + (this.#strikes.get(session) ?? 0);
      this.#strikes.set(session, strikes);
      if (strikes <= MAX_STRIKES) return;
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, TOO_MANY_PINGS);
      session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
    if (this.#isDraining) session.close();
  }

  /** Says that one was answered: those who wait for an answer may ask whether their server is there. */
  answered(session: Http2Session | undefined): void {
    if (session !== undefined) this.#strikes.delete(session);
  }

  /** Has each take no more calls, and close once those that it has are answered. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#open) session.close();
  }

  destroy(): void {
    for (const session of this.#open) session.destroy();
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import { onAbort } from '../../abort.js';
import { MAX_TIMER } from '../../timer.js';
import type { Freight, Lease } from '../scheduling/leases.js';
import { tooShort } from '../scheduling/refusals.js';
import type { ServedModel } from '../served-model.js';
import type { RestContext } from './app.js';
import { clientLeft, countingFailures } from './failures.js';

/** A request and the model that was current when its headers had been read. */
export interface Accepted {
  readonly model: ServedModel;
  readonly lease: Lease;
}

/**
 * How a route accepts requests: before their bodies are read, by the model that is current then, or not at all.
 * @param find the model that a request names
 */
export function accepting<Request extends FastifyRequest>(
  { metrics, options }: RestContext,
  freight: Freight,
  find: (request: Request) => ServedModel,
) {
  const accepted = new WeakMap<FastifyRequest, Accepted>();
  const modelOf = (request: Request) => accepted.get(request)?.model ?? find(request);
  return {
    route: {
      onRequest: async (request: Request, reply: FastifyReply) => {
        const model = find(request);
        const lease = model.accept(freight, options.deadline);
        accepted.set(request, { model, lease });
        reply.raw.once('close', () => lease.release());
      },
      onSend: async (request: FastifyRequest) => accepted.get(request)?.lease.release(),
      errorHandler: countingFailures(metrics, modelOf),
    },
    /** A request whose body has come. @throws NmodeError (OVERLOADED) where time is over for its model */
    begin(request: Request): Accepted {
      const found = accepted.get(request) as Accepted;
      found.model.ending.throwIfAborted();
      found.lease.came();
      return found;
    },
  };
}

/** The time that a request has from when its body has come: one for all that is done for it. */
export class Deadline {
  readonly #controller = new AbortController();
  /** When it began, of `performance.now()`. */
  readonly since = performance.now();
  readonly #alone: () => number;
  #within: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param within milliseconds */
  constructor(reply: FastifyReply, model: ServedModel, freight: Freight, within: number) {
    this.#alone = () => model.alone(freight);
    this.#within = within;
    this.shorten(within);
    const controller = this.#controller;
    const forget = onAbort(model.ending, () => controller.abort(model.ending.reason));
    reply.raw.once('close', () => {
      clearTimeout(this.#timer);
      forget();
      if (!reply.raw.writableFinished) controller.abort(clientLeft());
    });
  }

  /** Aborts when it passes, the client leaves or the model is taken away. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds that are left. */
  get left(): number {
    return Math.max(0, this.#within - (performance.now() - this.since));
  }

  /** @param within milliseconds from its start, at most those that it had */
  shorten(within: number): void {
    this.#within = within;
    clearTimeout(this.#timer);
    const { left } = this;
    const expire = () => this.#controller.abort(tooShort(within, this.#alone()));
    this.#timer = setTimeout(expire, Math.min(left, MAX_TIMER));
    // Timers go by whole milliseconds, in which a small network may have answered.
    if (left < 1) expire();
  }
}

/** A signal that aborts when the client leaves. */
export function leavingOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const leave = () => controller.abort(clientLeft());
  if (reply.raw.closed) leave();
  reply.raw.once('close', leave);
  return controller.signal;
}

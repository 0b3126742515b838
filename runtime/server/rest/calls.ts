import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Call } from '../admission/call.js';
import type { ServerCore } from '../core.js';
import { clientLeft } from '../failures.js';
import type { Freight } from '../scheduling/leases.js';
import type { ServedModel } from '../served-model.js';
import { sendError } from './failures.js';

/**
 * How a route accepts requests: before their bodies are read, or not at all. What is refused is counted as well.
 * @param find the model that a request names
 */
export function accepting<Request extends FastifyRequest>(
  core: ServerCore,
  freight: Freight,
  find: (request: Request) => ServedModel,
) {
  const calls = new WeakMap<FastifyRequest, Call>();
  const nameOf = (request: Request): string | undefined => {
    try {
      return (calls.get(request)?.model ?? find(request)).name;
    } catch {
      return undefined;
    }
  };
  return {
    route: {
      onRequest: async (request: Request, reply: FastifyReply) => {
        const call = core.call(find(request), freight);
        calls.set(request, call);
        reply.raw.once('close', () => call.end(reply.raw.writableFinished));
      },
      onSend: async (request: FastifyRequest) => calls.get(request)?.release(),
      errorHandler: (error: unknown, request: Request, reply: FastifyReply) => {
        const name = nameOf(request);
        if (name !== undefined) core.metrics.failed(name, error, reply.elapsedTime);
        return sendError(reply, error);
      },
    },
    /** A request whose body has come. @throws NmodeError (OVERLOADED) where time is over for its model */
    begin(request: Request) {
      const call = calls.get(request) as Call;
      return { call, deadline: call.begin() };
    },
  };
}

/** A signal that aborts when the client leaves. */
export function leavingOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const leave = () => controller.abort(clientLeft());
  if (reply.raw.closed) leave();
  reply.raw.once('close', leave);
  return controller.signal;
}

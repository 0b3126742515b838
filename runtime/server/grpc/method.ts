import { badUsage, reason } from '../../../graph/common/errors.js';
import { MAX_REPOSITORY_BODY } from '../protocol/repository.js';
import type { Exchange } from './exchange.js';
import type { Codec, Fields } from './interfaces.js';

/** How calls of one path are answered. */
export interface Method {
  /** Whether it is answered always, and to everybody: a load balancer has no token. */
  readonly isOpen?: boolean;
  /**
   * @param within milliseconds that the client waits, from the headers on; undefined where it tells none
   * @throws what the call fails with
   */
  answer(exchange: Exchange, within: number | undefined): Promise<void>;
}

/** What comes as a small message. @throws NmodeError (BAD_USAGE) for what is none */
export function decoded(codec: Codec, bytes: Uint8Array): Fields {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw badUsage(`the message cannot be read: ${reason(error)}`, { cause: error });
  }
}

/** The most bytes of a message that brings no tensors. */
export const SMALL_MESSAGE = MAX_REPOSITORY_BODY;

/** A method of one small message, and one in answer. */
export function unary(
  codec: Codec,
  handle: (request: Fields, exchange: Exchange) => Fields | Promise<Fields>,
): Method {
  return {
    async answer(exchange, within) {
      const request = decoded(codec, await exchange.only({ limit: SMALL_MESSAGE }, within));
      exchange.send([codec.encode(await handle(request, exchange))]);
      exchange.end();
    },
  };
}

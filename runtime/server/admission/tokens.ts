import { createHash, timingSafeEqual } from 'node:crypto';
import { NmodeError } from '../../../graph/common/errors.js';

/** The bearer tokens of a server; where there are none, everybody may ask. */
export class Tokens {
  readonly #digests: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digest);
  }

  /**
   * Whether a client may ask; the time that it takes tells nothing of the tokens.
   * @param authorization what it sends under that name, as a header or as metadata
   */
  accept(authorization = ''): boolean {
    const [, token = ''] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
    const given = digest(token);
    const matching = this.#digests.filter((each) => timingSafeEqual(each, given));
    return this.#digests.length === 0 || matching.length > 0;
  }
}

/** What a transport answers where `accept` is false. */
export function unauthenticated(): NmodeError {
  return new NmodeError('UNAUTHENTICATED', 'a bearer token is required');
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

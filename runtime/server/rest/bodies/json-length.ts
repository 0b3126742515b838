import type { IncomingHttpHeaders } from 'node:http';
import { badUsage } from '../../../../graph/common/errors.js';

/** The header that tells how many bytes of a body are JSON; tensors follow. */
export const JSON_LENGTH = 'inference-header-content-length';

/** Digits of a number of bytes: of more, not every number could be told from the next. */
const LENGTH = /^\d{1,15}$/;

/**
 * Bytes of JSON at the start of a body; undefined where the whole body is JSON.
 * @throws NmodeError (BAD_USAGE) for what is not a number, or several
 */
export function jsonLengthOf(headers: IncomingHttpHeaders): number | undefined {
  const stated = headers[JSON_LENGTH];
  if (stated === undefined) return undefined;
  if (!LENGTH.test(String(stated)))
    throw badUsage(
      `Inference-Header-Content-Length is '${stated}', expected a number of bytes of 1 to 15 digits`,
    );
  return Number(stated);
}

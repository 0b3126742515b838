import type { IncomingHttpHeaders } from 'node:http2';
import { badUsage, NmodeError } from '../../../graph/common/errors.js';

/** Milliseconds of the units of `grpc-timeout`. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Whether a request is one of gRPC, with messages in protobuf. */
export function isGrpc({ ':method': method, 'content-type': type }: IncomingHttpHeaders): boolean {
  return method === 'POST' && /^application\/grpc(?:\+proto)?(?:$|;)/i.test(type ?? '');
}

/**
 * Milliseconds that a client waits for its answer; undefined where it tells none.
 * @throws NmodeError (BAD_USAGE) for what is not one of gRPC's (doc/PROTOCOL-HTTP2.md)
 */
export function timeoutOf({ 'grpc-timeout': timeout }: IncomingHttpHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(timeout)) ?? [];
  const scale = UNITS[unit];
  if (digits === undefined || scale === undefined)
    throw badUsage(`grpc-timeout is '${timeout}', expected up to 8 digits and a unit, as in 500m`);
  return Number(digits) * scale;
}

/** @throws NmodeError (UNSUPPORTED) */
export function checkEncoding({ 'grpc-encoding': encoding = 'identity' }: IncomingHttpHeaders): void {
  if (encoding !== 'identity')
    throw new NmodeError(
      'UNSUPPORTED',
      `grpc-encoding is '${encoding}': only uncompressed messages are accepted`,
    );
}

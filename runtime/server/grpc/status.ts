import { ERRORS, NmodeError, reason } from '../../../graph/common/errors.js';

/** The codes of gRPC (github.com/grpc/grpc, doc/statuscodes.md) that this server answers with. */
export const CODES = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export type CodeName = keyof typeof CODES;

/** The codes of errors, by their statuses over HTTP. */
const OF_STATUS = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  413: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
} as const;

export interface Status {
  readonly code: CodeName;
  readonly message: string;
}

export const OK: Status = { code: 'OK', message: '' };

/** How a call ends that failed; undefined code of the package: what nobody expected is not told to clients. */
export function statusOf(error: unknown): Status {
  if (error instanceof NmodeError)
    return { code: OF_STATUS[ERRORS[error.code].status], message: reason(error) };
  return { code: 'INTERNAL', message: 'unexpected failure' };
}

/** Milliseconds after which a client may come again, where there was no room. */
const PUSHBACK = 1000;

/** A status as HTTP/2 tells it, behind the answer or in its place. */
export function trailersOf({ code, message }: Status): Record<string, string> {
  return {
    'grpc-status': String(CODES[code]),
    ...(message !== '' && { 'grpc-message': encoded(message) }),
    ...(code === 'UNAVAILABLE' && { 'grpc-retry-pushback-ms': String(PUSHBACK) }),
  };
}

/** Bytes outside of printable ASCII, and the sign of that encoding itself, as % and two hexadecimal digits. */
function encoded(message: string): string {
  return Array.from(Buffer.from(message), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** Every way the package fails, with the exit code of the command line and the status of the server. */
export const ERRORS = {
  /** A check was made and did not hold (parity). */
  CHECK_FAILED: { exitCode: 1, status: 500 },
  /** A flag or an argument that makes no sense, or one that is missing. */
  BAD_USAGE: { exitCode: 2, status: 400 },
  BAD_CHECKPOINT: { exitCode: 3, status: 400 },
  BAD_MODEL: { exitCode: 3, status: 400 },
  BAD_REFERENCE: { exitCode: 3, status: 400 },
  BAD_IMAGE: { exitCode: 3, status: 400 },
  CANNOT_WRITE: { exitCode: 4, status: 500 },
  CANNOT_RUN: { exitCode: 4, status: 500 },
  /** A request without a token that the server knows. */
  UNAUTHENTICATED: { exitCode: 4, status: 401 },
  /** A model that is not loaded, or a place where nothing is. */
  NOT_FOUND: { exitCode: 4, status: 404 },
  /** What a protocol has and this server does not. */
  UNSUPPORTED: { exitCode: 4, status: 501 },
  /** A body beyond the limit. */
  TOO_LARGE: { exitCode: 4, status: 413 },
  /** More work than there is room for. */
  OVERLOADED: { exitCode: 4, status: 503 },
  /** An answer that did not come in time. */
  DEADLINE: { exitCode: 4, status: 504 },
  /** Ctrl-C: 128 and the number of SIGINT, as shells have it. */
  INTERRUPTED: { exitCode: 130, status: 499 },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export interface NmodeErrorOptions {
  readonly cause?: unknown;
  readonly detail?: readonly string[];
}

/**
 * The one error class of the package. The message is one line that names what was expected, what was found
 * and what to do; `code` is stable and may be switched on.
 */
export class NmodeError extends Error {
  readonly code: ErrorCode;
  /** What is to be seen beside the message: a drawing, a line each; mostly none. */
  readonly detail: readonly string[];

  constructor(code: ErrorCode, message: string, { detail = [], ...options }: NmodeErrorOptions = {}) {
    super(printable(message), options);
    this.name = 'NmodeError';
    this.code = code;
    this.detail = detail;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }
}

/** Wrong use: an option or an argument that makes no sense. */
export const badUsage = (message: string, options?: ErrorOptions) =>
  new NmodeError('BAD_USAGE', message, options);
/** A model that cannot be taken. */
export const badModel = (message: string, options?: ErrorOptions) =>
  new NmodeError('BAD_MODEL', message, options);
/** An image that cannot be read. */
export const badImage = (message: string, options?: ErrorOptions) =>
  new NmodeError('BAD_IMAGE', message, options);

/** What is computed, or what stands in its place where this package refuses it; any other error is thrown. */
export function unlessRefused<T, U>(compute: () => T, otherwise: U): T | U {
  try {
    return compute();
  } catch (error) {
    if (error instanceof NmodeError) return otherwise;
    throw error;
  }
}

/** Names in a message or a note come from files, and files may be hostile: one line, no control characters, not endless. */
export function printable(text: string): string {
  const line = text
    .slice(0, 2 * MAX_MESSAGE)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE)}...`;
}

const MAX_MESSAGE = 1000;

/** The text of whatever was thrown. */
export function reason(thrown: unknown): string {
  return printable(thrown instanceof Error ? thrown.message : String(thrown));
}

/**
 * What went wrong while one image of many was worked on, after which the others go on: its file, what the model made of it,
 * its size.
 * @throws what no image is to blame for: an abort, and what is no error of this package
 */
export function imageFault(error: unknown, signal?: AbortSignal): NmodeError {
  if (error instanceof NmodeError && signal?.aborted !== true) return error;
  throw error;
}

/**
 * The one error of images that all failed alike and not for their files: it is the model's, or the machine's.
 * @param errors of all images
 */
export function commonFault(errors: readonly NmodeError[]): NmodeError | undefined {
  const [first] = errors;
  if (first === undefined || first.code === 'BAD_IMAGE') return undefined;
  if (errors.some(({ code }) => code !== first.code)) return undefined;
  if (errors.length === 1) return first;
  return new NmodeError(first.code, `all ${errors.length} images failed, the first: ${first.message}`, {
    cause: first,
  });
}

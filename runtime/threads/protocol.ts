import type { ErrorCode } from '../../graph/errors.js';

/** What a thread can be asked: named functions of one argument, all of which can be cloned. */
export type Methods = Readonly<Record<string, (argument: never) => unknown>>;

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

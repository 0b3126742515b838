import { type ErrorCode, NmodeError } from '../../graph/common/errors.js';

export function clientLeft(): NmodeError {
  return new NmodeError('INTERRUPTED', 'the client disconnected');
}

/** Triton's reasons of failures; all others are its OTHER. */
const REASONS: Partial<Record<ErrorCode, string>> = {
  OVERLOADED: 'REJECTED',
  INTERRUPTED: 'CANCELED',
  DEADLINE: 'CANCELED',
  CHECK_FAILED: 'BACKEND',
  CANNOT_WRITE: 'BACKEND',
  CANNOT_RUN: 'BACKEND',
};

export function failureReason(error: unknown): string {
  return (error instanceof NmodeError && REASONS[error.code]) || 'OTHER';
}

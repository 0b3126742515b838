import { NmodeError, reason } from '../../../graph/common/errors.js';
import type { Extras } from '../backbone.js';

/** What JSON calls an object. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The error for a text beside the weights. */
export const badText = (place: string, message: string, cause?: unknown): NmodeError =>
  new NmodeError('BAD_CHECKPOINT', `${place}: ${message}`, { cause });

/** What a text beside the weights says; undefined where there is none. @throws NmodeError (BAD_CHECKPOINT) for what is not JSON */
export function jsonIn(extras: Extras, place: string): unknown {
  const text = extras.get(place);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badText(place, reason(error), error);
  }
}

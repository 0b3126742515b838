import { closestText } from '../../../graph/common/closest.js';
import { NmodeError, reason } from '../../../graph/common/errors.js';
import type { Extras } from '../backbone.js';

/** What JSON calls an object. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The error for a text beside the weights. */
export const badText = (place: string, message: string, cause?: unknown): NmodeError =>
  new NmodeError('BAD_CHECKPOINT', `${place}: ${message}`, { cause });

/** What is expected of a name of which those that are not written are many. */
export const knownText = (name: unknown, names: readonly string[]): string =>
  `one of ${names.join(', ')}${closestText(String(name), names)}; ${WAY_ON}`;

export const WAY_ON = "PyTorch's own torch.onnx.export writes others, for nmode optimize or nmode graft";

/** What a text beside the weights says; undefined where there is none. @throws NmodeError (BAD_CHECKPOINT) for what is not JSON */
export function jsonIn(extras: Extras, place: string): unknown {
  const text = extras.get(place);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    const way = /\bNaN\b|\bInfinity\b/.test(text) ? ' (NaN and Infinity are none)' : '';
    throw badText(place, `it is no JSON${way}: ${reason(error)}; save or download it again`, error);
  }
}

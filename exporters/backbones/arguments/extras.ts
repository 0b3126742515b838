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

/** Levels of JSON: more than any configuration has, and few enough for all that walks through them. */
const MAX_DEPTH = 100;

/** How many lists and objects stand in each other at most; brackets in quotes are none. */
function depthOf(json: string): number {
  let [depth, most, isQuoted] = [0, 0, false];
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) index += character === '\\' ? 1 : 0;
    else if (character === '[' || character === '{') most = Math.max(most, ++depth);
    else if (character === ']' || character === '}') depth--;
  }
  return most;
}

/** What a text beside the weights says; undefined where there is none. @throws NmodeError (BAD_CHECKPOINT) for what is not JSON */
export function jsonIn(extras: Extras, place: string): unknown {
  const text = extras.get(place);
  if (text === undefined) return undefined;
  const depth = depthOf(text);
  if (depth > MAX_DEPTH) throw badText(place, `it nests ${depth} levels, at most ${MAX_DEPTH} are read`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const way = /\bNaN\b|\bInfinity\b/.test(text) ? ' (NaN and Infinity are none)' : '';
    throw badText(place, `it is no JSON${way}: ${reason(error)}; save or download it again`, error);
  }
}

import { badUsage, type NmodeError, reason } from '../../../../graph/common/errors.js';

export type Json = Readonly<Record<string, unknown>>;

/** Levels of lists and objects: those of a request around a tensor of at most 13 axes. */
const MAX_DEPTH = 16;
/** Lists and objects: a list of three values for each pixel of 1024 x 1024, twice. */
const MAX_LISTS = 2 ** 21;
/** Names and texts. */
const MAX_STRINGS = 2 ** 16;
/** Bytes of one. */
const MAX_STRING = 2 ** 16;

/** The bytes of JSON that have a meaning between values; all are below 128, and so part of no other character in UTF-8. */
const [QUOTE, ESCAPE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/**
 * Refuses JSON that would cost far more to parse, in time and memory, than its bytes: by one look at each of them, without
 * taking any memory. Whether it is JSON is not looked at.
 * @throws NmodeError (BAD_USAGE)
 */
function checkStructure(bytes: Uint8Array): void {
  let [depth, lists, strings] = [0, 0, 0];
  /** Where the text begins that the scan is in; -1 between texts. */
  let start = -1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (start >= 0) {
      if (at - start > MAX_STRING + 1) throw refused(`a text of more than ${MAX_STRING} bytes`);
      if (byte === ESCAPE) at++;
      else if (byte === QUOTE) start = -1;
    } else if (byte === QUOTE) {
      start = at;
      if (++strings > MAX_STRINGS) throw refused(`more than ${MAX_STRINGS} names and texts`);
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) throw refused(`more than ${MAX_DEPTH} levels`);
      if (++lists > MAX_LISTS) throw refused(`more than ${MAX_LISTS} lists and objects`);
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
}

function refused(what: string): NmodeError {
  return badUsage(`failed to parse the request JSON: it has ${what}`);
}

/**
 * Parses the JSON of a request. Of a name that an object has twice, the last value counts.
 * @throws NmodeError (BAD_USAGE) for what is not JSON in UTF-8, no object, or out of all proportion
 */
export function parseObject(bytes: Uint8Array): Json {
  checkStructure(bytes);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw badUsage(`failed to parse the request JSON: ${reason(error)}`);
  }
  if (!isObject(value)) throw badUsage('failed to parse the request JSON: it is not an object');
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field that may be absent. */
export function optional<T>(
  from: Json,
  field: string,
  fits: (value: unknown) => value is T,
  what: string,
): T | undefined {
  const value = Object.hasOwn(from, field) ? from[field] : undefined;
  if (value === undefined) return undefined;
  if (!fits(value)) throw badUsage(`'${field}' is not ${what}`);
  return value;
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
export const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value);
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

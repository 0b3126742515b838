/** The bodies of Triton's model repository extension. */
import { badUsage } from '../../../graph/common/errors.js';
import { isBoolean, isObject, type Json, optional, parseObject } from './bodies/json.js';

/** The most bytes of one. */
export const MAX_REPOSITORY_BODY = 2 ** 16;

const read = (body: Uint8Array | undefined): Json =>
  body === undefined || body.length === 0 ? {} : parseObject(body);

/** @throws NmodeError (BAD_USAGE) for fields other than these */
function checkFields(fields: Json, known: readonly string[], what: string): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const expected = known.length === 0 ? 'none' : known.join(', ');
  throw badUsage(`${what} '${unknown}' is not supported, expected ${expected}`);
}

function parametersOf(body: Uint8Array | undefined): Json {
  const request = read(body);
  checkFields(request, ['parameters'], 'the field');
  return optional(request, 'parameters', isObject, 'an object') ?? {};
}

/** Whether the index is to hold models that are ready only. @throws NmodeError (BAD_USAGE) */
export function wantsReady(body: Uint8Array | undefined): boolean {
  const request = read(body);
  checkFields(request, ['ready'], 'the field');
  return optional(request, 'ready', isBoolean, 'true or false') ?? false;
}

/** A model is loaded from its file as it is: Triton's `config` and `file:...` are refused. @throws NmodeError (BAD_USAGE) */
export function checkLoad(body: Uint8Array | undefined): void {
  checkFields(parametersOf(body), [], 'the parameter');
}

/** No model depends on another, so that it makes no difference whether those go as well. @throws NmodeError (BAD_USAGE) */
export function checkUnload(body: Uint8Array | undefined): void {
  const parameters = parametersOf(body);
  checkFields(parameters, ['unload_dependents'], 'the parameter');
  optional(parameters, 'unload_dependents', isBoolean, 'true or false');
}

/** The bodies of Triton's model repository extension. */
import { checkFields } from '../protocol/repository.js';
import { isBoolean, isObject, type Json, optional, parseObject } from './bodies/json.js';

const read = (body: Uint8Array | undefined): Json =>
  body === undefined || body.length === 0 ? {} : parseObject(body);

/** @throws NmodeError (BAD_USAGE) */
export function parametersOf(body: Uint8Array | undefined): Json {
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

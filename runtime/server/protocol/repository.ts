/** The parameters of Triton's model repository extension. */
import { badUsage } from '../../../graph/common/errors.js';

/** The most bytes of a request to the repository. */
export const MAX_REPOSITORY_BODY = 2 ** 16;

type Fields = Readonly<Record<string, unknown>>;

/** @throws NmodeError (BAD_USAGE) for fields other than these */
export function checkFields(fields: Fields, known: readonly string[], what: string): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const expected = known.length === 0 ? 'none' : known.join(', ');
  throw badUsage(`${what} '${unknown}' is not supported, expected ${expected}`);
}

/** A model is loaded from its file as it is: Triton's `config` and `file:...` are refused. @throws NmodeError (BAD_USAGE) */
export function checkLoad(parameters: Fields): void {
  checkFields(parameters, [], 'the parameter');
}

/** No model depends on another, so that it makes no difference whether those go as well. @throws NmodeError (BAD_USAGE) */
export function checkUnload(parameters: Fields): void {
  checkFields(parameters, ['unload_dependents'], 'the parameter');
  const { unload_dependents: value } = parameters;
  if (value !== undefined && typeof value !== 'boolean')
    throw badUsage("'unload_dependents' is not true or false");
}

import { badModel } from '../../graph/common/errors.js';
import type { ElementType, Outputs } from './tensors.js';

/** Outputs of a run, all of one element type. @throws NmodeError (BAD_MODEL) for one of another */
export function ofType<T extends ElementType>(outputs: Outputs, type: T): Outputs<T> {
  const other = Object.entries(outputs).find(([, output]) => output.type !== type);
  if (other !== undefined) throw badModel(`output '${other[0]}' is ${other[1].type}, expected ${type}`);
  return outputs as Outputs<T>;
}

import type { FloatOutputs, Floats } from '../../runtime/sessions/tensors.js';

/** What a run gave for one of the outputs of its model. */
export function outputOf(outputs: FloatOutputs, name: string): Floats {
  const output = outputs[name];
  if (output === undefined) throw new TypeError(`no output '${name}'`);
  return output;
}

import { basename } from 'node:path';
import { check } from '../../graph/analysis/check.js';
import { reachOf } from '../../graph/analysis/reach.js';
import { badModel, badUsage } from '../../graph/common/errors.js';
import { parseModel, readModelBytes } from '../../graph/file/read.js';
import { type Model, outlineOf } from '../../graph/ir/model.js';
import { refuseGone } from '../common/buffers.js';
import { naming } from '../common/naming.js';
import type { ModelSpec } from '../images/job.js';
import { type InputSpecOptions, inputSpecOf } from '../input-spec.js';

export interface LoadedModel {
  readonly model: Model;
  readonly bytes: Uint8Array;
  /** What messages call it. */
  readonly name: string;
}

const CHECKPOINT_NAME = /\.(pth|pt|ckpt|safetensors)$/i;

/**
 * Reads an .onnx file and checks it, since a runtime's own words for a damaged model help nobody.
 * @param source a file, or its bytes
 * @throws NmodeError (BAD_MODEL) with the file's name
 */
export async function loadModel(source: string | Uint8Array): Promise<LoadedModel> {
  if (typeof source !== 'string') return modelOf(source);
  const name = basename(source);
  if (CHECKPOINT_NAME.test(source)) {
    throw badModel(`${name}: a checkpoint by its name, expected an .onnx model: export makes one of it`);
  }
  return modelOf(await readModelBytes(source), name);
}

/**
 * The model of the bytes of a file, checked.
 * @throws NmodeError: BAD_MODEL; BAD_USAGE for what are no bytes, or where nothing is left of them
 */
export function modelOf(bytes: Uint8Array, name = 'the model'): LoadedModel {
  if (!ArrayBuffer.isView(bytes)) throw badUsage('expected the path of a model, or its bytes');
  refuseGone(bytes, name);
  const model = parseModel(bytes, name);
  return naming(name, () => {
    check(model);
    return { model, bytes, name };
  });
}

/** How a model wants its images; how far it looks is read from its graph. @throws NmodeError (BAD_MODEL, BAD_USAGE) */
export const inputSpecOfModel = (model: Model, options: InputSpecOptions = {}): ModelSpec =>
  inputSpecOf(outlineOf(model), options, (multiple) => reachOf(model, multiple));

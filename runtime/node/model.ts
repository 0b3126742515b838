import { basename } from 'node:path';
import { check } from '../../graph/check.js';
import { NmodeError } from '../../graph/errors.js';
import { parseModel, readModelBytes } from '../../graph/file/read.js';
import { type Model, outlineOf } from '../../graph/model.js';
import { reachOf } from '../../graph/reach.js';
import { type FormOptions, formOf } from '../form.js';
import type { ModelForm } from '../images/job.js';
import { naming } from '../naming.js';

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
  const isFile = typeof source === 'string';
  if (isFile && CHECKPOINT_NAME.test(source)) {
    throw new NmodeError(
      'BAD_MODEL',
      `${basename(source)}: a checkpoint by its name, expected an .onnx model: export makes one of it`,
    );
  }
  const bytes = isFile ? await readModelBytes(source) : source;
  const name = isFile ? basename(source) : 'the model';
  const model = parseModel(bytes, name);
  return naming(name, () => {
    check(model);
    return { model, bytes, name };
  });
}

/** How a model wants its images; how far it looks is read from its graph. @throws NmodeError (BAD_MODEL, BAD_USAGE) */
export const formOfModel = (model: Model, options: FormOptions = {}): ModelForm =>
  formOf(outlineOf(model), options, (multiple) => reachOf(model, multiple));

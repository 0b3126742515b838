import { basename, dirname, join } from 'node:path';
import { check } from '../../graph/analysis/check.js';
import { prune } from '../../graph/analysis/prune.js';
import { reachOf } from '../../graph/analysis/reach.js';
import { badModel, badUsage } from '../../graph/common/errors.js';
import { literal } from '../../graph/common/option.js';
import { isOf } from '../../graph/common/option-kinds.js';
import { type ReadBeside, readingBeside } from '../../graph/file/external.js';
import { parseModel, readModelBytes } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import { type Model, outlineOf, type ValueInfo } from '../../graph/ir/model.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import { parseRecipe, RECIPE_KEY, type Recipe } from '../../graph/recipe/recipe.js';
import { refuseGone } from '../common/buffers.js';
import { naming } from '../common/naming.js';
import type { ModelSpec } from '../images/job.js';
import { type InputSpecOptions, inputSpecOf } from '../input-spec.js';
import { type FilePath, isPath, pathOf } from './path-of.js';

export interface LoadedModel {
  readonly model: Model;
  /** Of the file, or of one file where weights are in others. */
  readonly bytes: Uint8Array;
  /** What messages call it. */
  readonly name: string;
  /** Paths of all files that it was read from. */
  readonly sources?: readonly string[];
}

/** An .onnx file, or what is in it. */
export type ModelSource = FilePath | ArrayBuffer | Uint8Array;

/** @throws NmodeError (BAD_USAGE) for what are no bytes */
export function bytesOf(source: ArrayBuffer | Uint8Array): Uint8Array {
  if (isOf('Uint8Array')(source)) return source as Uint8Array;
  if (isOf('ArrayBuffer')(source)) return new Uint8Array(source as ArrayBuffer);
  throw badUsage(`expected the path of a model, or its bytes, found ${literal(source)}`);
}

/** What stops the reading of a file, and is told of it. */
interface Reading {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly kind: 'read'; readonly bytes: number }) => void;
}

const CHECKPOINT_NAME = /\.(pth|pt|ckpt|safetensors)$/i;

/**
 * Reads an .onnx file and checks it, since a runtime's own words for a damaged model help nobody.
 * @param source a file, or its bytes
 * @throws NmodeError (BAD_MODEL) with the file's name; BAD_USAGE for what is neither; the signal's reason
 */
export async function loadModel(
  source: ModelSource,
  { signal, onProgress }: Reading = {},
): Promise<LoadedModel> {
  if (!isPath(source)) return modelOf(bytesOf(source));
  const path = pathOf(source, 'model');
  const name = basename(path);
  if (CHECKPOINT_NAME.test(path)) {
    throw badModel(`${name}: a checkpoint by its extension, expected an .onnx model: export it first`);
  }
  const beside = new Set<string>();
  const folder = readingBeside(dirname(path));
  const readBeside: ReadBeside = (tensor, data) => {
    beside.add(join(dirname(path), data.location));
    return folder(tensor, data);
  };
  const read = await readModelBytes(path, signal);
  onProgress?.({ kind: 'read', bytes: read.length });
  const { model, bytes } = modelOf(read, name, readBeside);
  const sources = [path, ...beside];
  // A runtime is given bytes, which have no folder.
  return { model, name, sources, bytes: beside.size === 0 ? bytes : naming(name, () => encodeModel(model)) };
}

/**
 * The model of the bytes of a file, checked.
 * @param readBeside reads weights that are in other files
 * @throws NmodeError: BAD_MODEL; BAD_USAGE where nothing is left of them
 */
export function modelOf(bytes: Uint8Array, name = 'the model', readBeside?: ReadBeside): LoadedModel {
  refuseGone(bytes, name);
  const model = parseModel(bytes, name, readBeside);
  return naming(name, () => {
    check(model);
    return { model, bytes, name };
  });
}

/**
 * A model with one of its outputs, and with what that is computed from; as it is where none is named.
 * @throws NmodeError (BAD_USAGE) for a name that none has
 */
export function withOutput(loaded: LoadedModel, output: string | undefined): LoadedModel {
  const { model, name } = loaded;
  const names = model.graph.outputs.map((own) => own.name);
  if (output === undefined || (names.length === 1 && names[0] === output)) return loaded;
  if (!names.includes(output))
    throw badUsage(`${name}: no output is named '${output}': it has ${names.join(', ')}`);
  const pruned = prune(model, [output]);
  return { model: pruned, bytes: encodeModel(pruned), name };
}

/** A model as images are fed to it: with one of its outputs, and in float32. @throws NmodeError (BAD_USAGE) */
export function forImages(given: LoadedModel, output: string | undefined): LoadedModel {
  const loaded = withOutput(given, output);
  const model = inImageForm(loaded.model, false);
  return model === loaded.model ? loaded : { ...loaded, model, bytes: encodeModel(model) };
}

/**
 * The model with its probabilities at the size of the network's input. A model that takes images brings them to the
 * image's size in its last node, a Resize; here that node's input becomes the output.
 * @returns the bytes of an .onnx file
 */
export function networkOutput(model: Model, bytes: Uint8Array, { io, recipe }: ModelSpec): Uint8Array {
  if (io === 'tensor' || recipe.sizing.kind === 'pad') return bytes;
  const { graph } = model;
  const [output] = graph.outputs;
  const last = output && graph.nodes.find(({ outputs }) => outputs.includes(output.name));
  const [inner] = last?.inputs ?? [];
  if (last?.opType !== 'Resize' || inner === undefined || output === undefined) {
    throw badModel(
      "the model does not end in a Resize: its probabilities have no other size than each image's own (`at: 'image'`)",
    );
  }
  const nodes = graph.nodes.filter((node) => node !== last);
  const planes: ValueInfo = { name: inner, type: { dtype: 'float32', shape: ['', '', '', ''] } };
  return encodeModel({ ...model, graph: { ...graph, nodes, outputs: [planes] } });
}

/** The recipe that a model states, if it does. What is wrong with it is told where the model is opened. */
export function statedRecipe({ metadata }: Model): Recipe | undefined {
  try {
    return parseRecipe(metadata.get(RECIPE_KEY) ?? '');
  } catch {
    return undefined;
  }
}

/** How a model wants its images; how far it looks is read from its graph. @throws NmodeError (BAD_MODEL, BAD_USAGE) */
export const inputSpecOfModel = (model: Model, options: InputSpecOptions = {}): ModelSpec =>
  inputSpecOf(outlineOf(model), options, (multiple) => reachOf(model, multiple));

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { badUsage, unlessRefused } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import * as kind from '../../graph/common/option-kinds.js';
import { checkOptions, type Kinds } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { VERSION } from '../../graph/common/version.js';
import { outlineOf } from '../../graph/ir/model.js';
import { named, naming } from '../../runtime/common/naming.js';
import type { ModelSpec } from '../../runtime/images/job.js';
import { DEFAULT_MEMORY_BUDGET } from '../../runtime/input-spec.js';
import { inputSpecOfModel, type LoadedModel, loadModel } from '../../runtime/node/model.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { whyNotMerged } from '../../runtime/server/scheduling/first-runs.js';
import type { BundledModel, BundleFormat } from '../bundles/bundle.js';
import { type BundleFormatId, FORMATS } from '../bundles/formats.js';
import { makeFolder, writeTogether } from '../files/write-whole.js';

export interface BundleOptions {
  /** An .onnx file. */
  readonly model: string;
  readonly format: BundleFormatId;
  /** The folder for the files, made where it does not exist. Nothing in it is replaced. */
  readonly output: string;
  /** Name of the model where it runs: 1 to 40 of a-z, 0-9 and '-'; default by its file. */
  readonly name?: string;
  /** The container that has `nmode`; default `nmode-onnx:VERSION`. */
  readonly image?: string;
  /** Tasks of a batch; default 8. */
  readonly shards?: number;
  /** Aborts before files are written. */
  readonly signal?: AbortSignal;
}

const KINDS: Kinds<BundleOptions> = {
  ...kind.each(['model', 'output'], kind.PATH),
  ...kind.each(['format', 'name', 'image'], kind.TEXT),
  ...{ shards: kind.NUMBER, signal: kind.SIGNAL },
};

export interface BundleReport {
  readonly name: string;
  /** In the order in which they were written. */
  readonly files: readonly string[];
  /** Why requests are not merged; undefined where they are. */
  readonly whySingly?: string;
}

/** Names of Kubernetes end in what is added to them. */
const NAME = /^(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** As references of containers are made: a host, a path, a tag, a digest. */
const IMAGE = /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;

/** What arrays of jobs can have. */
const MAX_SHARDS = 100_000;

/** Of a model whose images keep their size. */
const OPEN_SIDE = 256;

/** Bytes of Node, onnxruntime, sharp, and of images under way. */
const [BASE_MEMORY, MIB, STEP] = [400 * 2 ** 20, 2 ** 20, 128];

/**
 * Writes a model with what an engine needs to run it: all files, or none.
 * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN, CANNOT_WRITE; the signal's reason
 */
export async function bundle(options: BundleOptions): Promise<BundleReport> {
  checkOptions(options, KINDS, ['model', 'format', 'output']);
  const { output, shards = 8, image = `nmode-onnx:${VERSION}` } = options;
  const format: BundleFormat | undefined = FORMATS.find(({ id }) => id === options.format);
  if (format === undefined) {
    throw badUsage(`${option('format', options.format)}: expected ${FORMATS.map(({ id }) => id).join(', ')}`);
  }
  if (!Number.isSafeInteger(shards) || shards < 1 || shards > MAX_SHARDS) {
    throw badUsage(`${shards} shards, expected a whole number from 1 to ${MAX_SHARDS}`);
  }
  if (!IMAGE.test(image))
    throw badUsage(`${option('image', image)} is not a reference of a container, such as host/nmode:1`);
  const name = options.name ?? likeLabel(basename(options.model));
  if (!NAME.test(name)) {
    throw badUsage(`${option('name', name)}: expected 1 to 40 of a-z and 0-9, with single '-' between`);
  }
  const watch = pick(options, ['signal']);
  const loaded = await loadModel(options.model, watch);
  const model = await described(loaded, format, { name, image, shards }, watch);
  const files = format.files(model);
  const paths = files.map(({ path }) => join(output, path));
  for (const path of paths) {
    const isThere = (await stat(path).catch(() => undefined)) !== undefined;
    if (isThere) throw badUsage(`${path} is there already: remove it, or name another folder`);
  }
  options.signal?.throwIfAborted();
  for (const folder of new Set(paths.map((path) => dirname(path)))) await makeFolder(folder);
  await writeTogether(async (put) => {
    for (const { path, contents } of files) {
      await put(join(output, path), typeof contents === 'string' ? Buffer.from(contents) : contents);
    }
  });
  const { whySingly } = model;
  return { name, files: paths, ...(whySingly !== undefined && { whySingly }) };
}

/** The nearest to a file's name that a model can be called everywhere. */
function likeLabel(file: string): string {
  const plain = file.replace(/\.onnx$/i, '').toLowerCase();
  const near = plain.replaceAll(/[^a-z0-9]+/g, '-').slice(0, 40);
  return near.replaceAll(/^-+|-+$/g, '') || 'model';
}

/** @throws NmodeError (BAD_MODEL) where the format runs `predict`, and the model does not take one image */
async function described(
  loaded: LoadedModel,
  format: BundleFormat,
  names: Pick<BundledModel, 'name' | 'image' | 'shards'>,
  watch: Pick<BundleOptions, 'signal'>,
): Promise<BundledModel> {
  const { model, bytes } = loaded;
  const { inputs, outputs } = outlineOf(model);
  const spec = specOf(loaded, format.forImages);
  return {
    ...names,
    ...{ bytes, inputs, outputs },
    whySingly: format.merges ? await singly(loaded, watch) : undefined,
    side: sideOf(spec),
    memory: memoryOf(bytes.length, spec),
  };
}

/** How it takes images; undefined for a model that takes none, unless it has to. */
function specOf({ model, name }: LoadedModel, isNeeded: boolean): ModelSpec | undefined {
  const read = () => naming(name, () => inputSpecOfModel(model));
  return isNeeded ? read() : unlessRefused(read, undefined);
}

/** Found out as the server does: what a model declares is not enough. */
async function singly(
  { model, bytes, name }: LoadedModel,
  watch: Pick<BundleOptions, 'signal'>,
): Promise<string | undefined> {
  await using session = await createSession(bytes, watch);
  return await whyNotMerged(session, model).catch((error: unknown) => {
    throw named(name, error);
  });
}

function sideOf(spec: ModelSpec | undefined): number {
  if (spec?.recipe.sizing.kind !== 'pad') return OPEN_SIDE;
  const { multiple } = spec.recipe.sizing;
  return Math.ceil(OPEN_SIDE / multiple) * multiple;
}

/** MiB: the process, weights as read, as loaded and as packed for kernels, and the activations of one run. */
function memoryOf(weights: number, spec: ModelSpec | undefined): number {
  const sizing = spec?.recipe.sizing;
  const activations =
    spec === undefined || sizing?.kind !== 'resize'
      ? DEFAULT_MEMORY_BUDGET
      : spec.bytesPerPixel * sizing.height * sizing.width;
  return Math.ceil((BASE_MEMORY + 3 * weights + activations) / MIB / STEP) * STEP;
}

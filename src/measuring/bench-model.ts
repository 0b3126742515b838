import { basename } from 'node:path';
import { cost } from '../../graph/analysis/cost.js';
import { badModel, badUsage, NmodeError } from '../../graph/common/errors.js';
import { type Model, outlineOf, sizesText, type ValueInfo } from '../../graph/ir/model.js';
import { type Assumption, assumedStructure } from '../../graph/recipe/assumption.js';
import { areChannelsLast } from '../../graph/recipe/layout.js';
import { loadModel } from '../../runtime/node/model.js';
import type { Port } from '../../runtime/sessions/tensors.js';
import { defaultSizes } from '../transform/default-sizes.js';
import { type Meaning, meaningsOf } from '../transform/difference.js';

/** Sizes in place of open ones. */
export interface AskedSizes {
  /** Default 1. */
  readonly batch?: number;
  /** Height and width; default 256 x 256. */
  readonly size?: { readonly height: number; readonly width: number };
}

/** What a model's file tells of the runs to come. */
export interface BenchModel {
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
  readonly bytes: number;
  /** Of the graph as it is written, Constant nodes among them. */
  readonly nodes: number;
  /** Multiply-adds of one run; absent where an operator is not known. */
  readonly macs?: number;
  /** Its inputs, with all sizes known. */
  readonly ports: readonly Port[];
  /** What its outputs are, by their names. */
  readonly meanings: ReadonlyMap<string, Meaning>;
  /** What was taken for the network itself, and is not proven. */
  readonly assumed: readonly Assumption[];
}

/**
 * Models are called by the names of their files, or by their paths where others have the same name.
 * @throws NmodeError: BAD_MODEL; BAD_USAGE for sizes that a model fixes to others
 */
export function readBenchModels(paths: readonly string[], asked: AskedSizes): Promise<readonly BenchModel[]> {
  const names = paths.map((path) => basename(path));
  const isAlone = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  return Promise.all(
    paths.map((path) => {
      const name = basename(path);
      return readBenchModel(path, isAlone(name) ? name : path, asked);
    }),
  );
}

async function readBenchModel(path: string, name: string, asked: AskedSizes): Promise<BenchModel> {
  const { model, bytes } = await loadModel(path);
  const inputs = outlineOf(model).inputs.map((input) => sized(input, name, asked, model.metadata));
  const macs = macsAt(model, Object.assign({}, ...inputs.map(({ known }) => known)));
  return {
    ...{ path, name, bytes: bytes.length, nodes: model.graph.nodes.length },
    ...(macs !== undefined && { macs }),
    ports: inputs.map(({ port }) => port),
    meanings: meaningsOf(model),
    assumed: assumedStructure(model.metadata),
  };
}

/** The input with the sizes that were asked for, or else default ones, in place of open ones. */
function sized(
  { name, type }: Pick<ValueInfo, 'name' | 'type'>,
  model: string,
  { batch, size }: AskedSizes,
  metadata: Model['metadata'],
) {
  if (type?.shape === undefined) {
    throw badModel(`${model}: input '${name}' declares no sizes: it cannot be fed`);
  }
  const { height, width } = size ?? {};
  const declared = type.shape;
  const areLast = type.dtype.startsWith('uint') || areChannelsLast(declared, metadata);
  const asked = areLast ? [batch, height, width] : [batch, undefined, height, width];
  const { shape, known } = defaultSizes(name, declared, asked);
  asked.forEach((wanted, axis) => {
    const found = shape[axis];
    if (wanted === undefined || found === undefined || found === wanted) return;
    throw badUsage(`${model}: input '${name}' is [${sizesText(declared)}]: axis ${axis} cannot be ${wanted}`);
  });
  return { port: { name, dtype: type.dtype, shape }, known };
}

/** Undefined also where the operators do not take the size: what runs it may say more. */
function macsAt(model: Model, known: Readonly<Record<string, number>>): number | undefined {
  try {
    return cost(model, known).macs;
  } catch (error) {
    if (!(error instanceof NmodeError)) throw error;
    return undefined;
  }
}

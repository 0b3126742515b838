import { basename } from 'node:path';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { cost, type NodeCost } from '../../graph/analysis/cost.js';
import { badUsage, unlessRefused } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { checkArgument, checkOptions, type Kinds, SIGNAL, TEXT } from '../../graph/common/option-kinds.js';
import type { DType } from '../../graph/ir/dtype.js';
import { type Model, opsetOf, outlineOf, type ValueInfo } from '../../graph/ir/model.js';
import { liftedToCount } from '../../graph/lifting/lift.js';
import { assumptionsIn, type CheckedAssumption } from '../../graph/recipe/assumption.js';
import { apparentLayout, type Layout, statedLayout } from '../../graph/recipe/layout.js';
import { type UntypedNode, untypedNodes } from '../../graph/rewriting/untyped.js';
import { loadModel } from '../../runtime/node/model.js';
import { type FilePath, pathOf } from '../../runtime/node/path-of.js';
import { defaultSizes } from '../transform/default-sizes.js';
import {
  type CheckpointReport,
  inspectCheckpoint,
  type TensorReport,
  tensorReports,
} from './inspect-checkpoint.js';
import { SELECTION } from './option-kinds.js';

export interface PortReport {
  readonly name: string;
  readonly dtype?: DType;
  readonly shape?: readonly (number | string)[];
  /** For an image input: where its channels are, by the metadata or the shape; absent where neither shows it. */
  readonly layout?: Layout;
}

export interface ModelReport {
  readonly kind: 'model';
  readonly file: string;
  readonly bytes: number;
  readonly producer: string;
  readonly irVersion: number;
  readonly opset: number;
  readonly inputs: readonly PortReport[];
  readonly outputs: readonly PortReport[];
  readonly nodes: number;
  readonly parameters: number;
  /** Multiply-adds and bytes of all activations of one run at `macsAt`; absent where they cannot be inferred. */
  readonly macs?: number;
  readonly activationBytes?: number;
  readonly macsAt?: readonly number[];
  readonly metadata: Readonly<Record<string, string>>;
  /** What its export took for what the checkpoint did not say; empty for models that do not tell. */
  readonly assumed: readonly CheckedAssumption[];
  readonly operators: Readonly<Record<string, number>>;
  /** Nodes without a type, and what these keep the passes from. */
  readonly untyped: readonly UntypedNode[];
  readonly costs: readonly NodeCost[];
  readonly tensors: readonly TensorReport[];
}

/** Options of `inspect`: which keys of a checkpoint are the network's. */
export interface InspectOptions extends KeySelection {
  /** Stops before what is read next. */
  readonly signal?: AbortSignal;
}

const KINDS: Kinds<InspectOptions> = { ...SELECTION, signal: SIGNAL };

/**
 * Tells what a file holds: an .onnx model by that ending, otherwise a checkpoint.
 * @param key keys of dicts that lead to the state dict of a checkpoint, dotted, or what its keys begin with
 * @throws NmodeError (BAD_CHECKPOINT, BAD_MODEL, BAD_USAGE); the signal's reason
 */
export async function inspect(
  path: FilePath,
  key?: string,
  options: InspectOptions = {},
): Promise<CheckpointReport | ModelReport> {
  const file = pathOf(path, 'path');
  if (key !== undefined) checkArgument('key', key, TEXT);
  checkOptions(options, KINDS);
  const { signal, ...selection } = options;
  signal?.throwIfAborted();
  if (!file.toLowerCase().endsWith('.onnx')) return inspectCheckpoint(file, key, selection, signal);
  for (const [name, value] of Object.entries({ key, ...selection })) {
    if (value !== undefined) throw badUsage(`${option(name)} does not apply to a model`);
  }
  return inspectModel(file, signal);
}

/** What an .onnx file holds. @throws NmodeError (BAD_MODEL); the signal's reason */
async function inspectModel(path: string, signal?: AbortSignal): Promise<ModelReport> {
  const { model, bytes } = await loadModel(path, { ...(signal && { signal }) });
  signal?.throwIfAborted();
  const { graph } = model;
  const { macsAt, ...figures } = modelCost(liftedToCount(model));
  const operators = new Map<string, number>();
  for (const { opType } of graph.nodes) operators.set(opType, (operators.get(opType) ?? 0) + 1);
  return {
    kind: 'model',
    file: basename(path),
    bytes: bytes.length,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    irVersion: model.irVersion,
    opset: opsetOf(model),
    inputs: outlineOf(model).inputs.map((info) => inputReport(info, model.metadata)),
    outputs: graph.outputs.map(portReport),
    nodes: graph.nodes.length,
    ...figures,
    ...(macsAt && { macsAt }),
    metadata: Object.fromEntries(model.metadata),
    assumed: assumptionsIn(model.metadata),
    operators: Object.fromEntries([...operators].sort(([a], [b]) => (a < b ? -1 : 1))),
    untyped: untypedNodes(liftedToCount(model)),
    tensors: tensorReports(graph.initializers),
  };
}

function portReport({ name, type }: ValueInfo): PortReport {
  return { name, ...(type && { dtype: type.dtype, ...(type.shape && { shape: type.shape }) }) };
}

function inputReport(info: ValueInfo, metadata: Model['metadata']): PortReport {
  const { dtype, shape = [] } = info.type ?? {};
  const isWhole = dtype === 'uint8' || dtype === 'uint16';
  const layout = isWhole ? 'NHWC' : (statedLayout(metadata) ?? apparentLayout(shape));
  return { ...portReport(info), ...(shape.length === 4 && layout && { layout }) };
}

/** Costs at the nominal size; of a model that does not take it, what can be said without. */
function modelCost(model: Model) {
  const [input] = outlineOf(model).inputs;
  const sizes = input?.type?.shape && defaultSizes(input.name, input.type.shape);
  const { parameters, macs, activationBytes, nodes } =
    unlessRefused(() => cost(model, sizes?.known), undefined) ?? cost(model);
  return {
    parameters,
    ...(macs !== undefined && { macs }),
    ...(activationBytes !== undefined && { activationBytes }),
    costs: nodes,
    ...(sizes && { macsAt: sizes.shape }),
  };
}

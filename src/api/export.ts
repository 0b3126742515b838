import { basename } from 'node:path';
import { checkedBy, ofNetwork, withAssumptions } from '../../exporters/assembly/assumptions.js';
import { type InputSize, sizeMultiple } from '../../exporters/assembly/build.js';
import type { DecoderId } from '../../exporters/assembly/describe.js';
import { type ExportOptions, exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type Checkpoint, openCheckpoint } from '../../exporters/checkpoints/open.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { cost } from '../../graph/analysis/cost.js';
import type { CheckedAssumption } from '../../graph/common/assumption.js';
import { type ModelIo, RELEASE_SIDE } from '../../graph/common/recipe.js';
import { type Model, opsetOf } from '../../graph/ir/model.js';
import { optimize } from '../../graph/passes/optimize.js';
import { refuseOverwriting } from '../files/write-whole.js';
import { parityRule, type ReferenceTolerance, toleranceRecord } from '../parity/tolerance.js';
import { type ReferenceParity, writeVerified } from '../parity/write-verified.js';
import { defaultSizes } from '../transform/default-sizes.js';
import { type Transformed, type TransformOptions, transform } from '../transform/transform.js';

export interface ExportModelOptions
  extends Omit<ExportOptions, 'size'>,
    Omit<TransformOptions, 'recipe'>,
    KeySelection,
    ReferenceTolerance {
  /** A .pth, .pt or .safetensors file. */
  readonly checkpoint: string;
  /** Keys of dicts that lead to the state dict, dotted, or what its keys begin with; by default under one of the usual keys. */
  readonly key?: string;
  /** The .onnx file to write. */
  readonly output: string;
  /** Sizes of the input; default 1 x 256 x 256. One that is left out stays open. */
  readonly size?: ExportOptions['size'];
  /** Inputs and expected outputs to verify with before anything is written: .safetensors or .npz. */
  readonly reference?: string;
}

export interface ExportReport extends Omit<Transformed, 'model'> {
  readonly output: string;
  readonly bytes: number;
  readonly backbone: string;
  readonly decoder: DecoderId;
  /** What was detected or told of the network, as in the model's metadata. */
  readonly architecture: Readonly<Record<string, string>>;
  readonly parameters: number;
  /** Multiply-adds of one run; at `macsAt` where sizes are open. */
  readonly macs: number;
  readonly macsAt: readonly number[];
  readonly nodes: number;
  readonly opset: number;
  /** What the model takes: prepared pixels, or images as they are. */
  readonly io: ModelIo;
  readonly input: readonly (number | string)[];
  /** Height and width of images must be multiples of this. */
  readonly sizeMultiple: number;
  /** What the network's keys begin with in the checkpoint; '' for nothing. */
  readonly prefix: string;
  /** Keys of the checkpoint that the network does not use, counters not listed. */
  readonly leftAside: readonly string[];
  /** What was taken for what neither the checkpoint nor the options say, and whether the reference has proven it. */
  readonly assumed: readonly CheckedAssumption[];
  readonly notes: readonly string[];
  /** The comparison with the reference, where one was given. */
  readonly verified?: ReferenceParity;
}

/**
 * Exports a checkpoint to an .onnx file.
 * @throws NmodeError: BAD_CHECKPOINT, BAD_USAGE, BAD_REFERENCE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the
 *   reference is missed. In every case nothing is written.
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportReport> {
  const size = options.size ?? defaultSize(options);
  const checkpoint = await openCheckpoint(options.checkpoint, options.key, options);
  try {
    const { reference } = options;
    await refuseOverwriting([options.output], [options.checkpoint, ...(reference ? [reference] : [])]);
    const {
      model: exported,
      description,
      parameters,
      prefix,
      leftAside,
      assumed: assumptions,
      notes,
    } = exportCheckpoint(checkpoint, { ...options, size });
    const rule = parityRule(description.head, options);
    const assumed = checkedBy(assumptions, reference !== undefined);
    const built = withAssumptions(
      exported,
      assumed,
      reference === undefined ? undefined : toleranceRecord(rule),
    );
    const { recipe: _, ...told } = options;
    const transformed = await transform(built, basename(options.output), told, true);
    const { model, ...transformation } = transformed;
    const input = model.graph.inputs[0]?.type?.shape ?? [];
    const { known, shape } = defaultSizes('input', input);
    // Of the network as it was trained.
    const { macs = 0 } = cost(built, known);
    const network = options.reference ? verifiable(transformed, checkpoint, { ...options, size }) : undefined;
    const { bytes, verified } = await writeVerified(
      { model, network, notes, rule, assumed: ofNetwork(assumed) },
      options,
    );
    return {
      output: options.output,
      bytes,
      backbone: description.network.backbone,
      decoder: description.decoder.id,
      architecture: Object.fromEntries(model.metadata),
      parameters,
      macs,
      macsAt: shape,
      nodes: model.graph.nodes.length,
      opset: opsetOf(model),
      io: options.io ?? 'tensor',
      input,
      sizeMultiple: sizeMultiple(description),
      ...transformation,
      ...{ prefix, leftAside, assumed, notes },
      ...(verified && { verified }),
    };
  } finally {
    checkpoint.close();
  }
}

/**
 * What a reference is compared with. It holds prepared pixels, so that the network inside a model that takes images is verified on its
 * own; and it asks for 1e-5, so that one in lower precision is verified before it is lowered.
 */
function verifiable(
  { model, level, precision }: Transformed,
  checkpoint: Checkpoint,
  options: ExportModelOptions & ExportOptions,
): Model {
  if (options.io !== 'image' && precision === 'fp32') return model;
  return optimize(exportCheckpoint(checkpoint, { ...options, io: 'tensor' }).model, { ...options, level })
    .model;
}

/** One image, of the size that the recipe resizes to or else the release's. */
function defaultSize({ recipe, nativeSize }: ExportModelOptions): InputSize {
  const { sizing } = recipe ?? {};
  if (nativeSize || sizing?.kind === 'pad') return {};
  const { height, width } = sizing ?? { height: RELEASE_SIDE, width: RELEASE_SIDE };
  return { batch: 1, height, width };
}

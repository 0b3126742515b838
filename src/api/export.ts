import { basename } from 'node:path';
import { type InputSize, networkCost, sizeMultiple } from '../../exporters/assembly/build.js';
import type { DecoderId } from '../../exporters/assembly/describe.js';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { foldsIn } from '../../exporters/checkpoints/folder.js';
import { type Checkpoint, openCheckpoint } from '../../exporters/checkpoints/open.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { SETTING_KINDS } from '../../exporters/nn/settings.js';
import { at } from '../../graph/common/at.js';
import { option } from '../../graph/common/option.js';
import type { Kinds } from '../../graph/common/option-kinds.js';
import * as kind from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { opsetOf } from '../../graph/ir/model.js';
import type { ModelIo } from '../../graph/recipe/recipe.js';
import { refuseOverwriting } from '../files/write-whole.js';
import { inputSizes } from '../transform/default-sizes.js';
import { HINTS, KEYS, withOptions } from './option-kinds.js';
import { withStructure } from './structure/structure.js';
import { PROOF, type ProofOptions, type ProofReport, writeProven } from './write-proven.js';

export interface ExportModelOptions extends Omit<ExportOptions, 'size'>, ProofOptions, KeySelection {
  /** A .pth, .pt, .ts or .safetensors file, a folder written by `save_pretrained`, a MONAI bundle, or a folder of nnU-Net's results. */
  readonly checkpoint: string;
  /** For nnU-Net's results: the folds whose logits are averaged, such as `0` or `all`. Default: all of them. */
  readonly folds?: readonly string[];
  /** Where the state dict is: a path of dict keys separated by dots, or a prefix of its keys. Default: the usual keys. */
  readonly key?: string;
  /** The id of the hypothesis to assume, for a network of which only the structure is known. */
  readonly assume?: string;
  /** Input sizes. Default: those stored next to the weights, or 1 x 256 x 256; for volumes 1 x 64 x 64 x 64. A size that is left out stays open. */
  readonly size?: InputSize;
}

export interface ExportReport extends ProofReport {
  readonly backbone: string;
  readonly decoder: DecoderId;
  /** What was detected or specified about the network, as in the model's metadata. */
  readonly architecture: Readonly<Record<string, string>>;
  /** Multiply-adds of one run; at `macsAt` where sizes are open. */
  readonly macs: number;
  /** Model input: preprocessed tensors, or raw images. */
  readonly io: ModelIo;
  /** Bits per sample of raw images. */
  readonly imageBits?: 8 | 16;
  /** Prefix of the network's keys in the checkpoint; '' for none. */
  readonly prefix: string;
  /** Keys of the checkpoint that the network does not use, without counters. */
  readonly leftAside: readonly string[];
}

const KINDS: Kinds<ExportModelOptions> = {
  ...PROOF,
  ...KEYS,
  ...HINTS,
  ...SETTING_KINDS,
  checkpoint: kind.PATH,
  ...kind.each(['assume', 'io'], kind.TEXT),
  ...kind.each(['folds', 'classNames'], kind.TEXTS),
  ...{ backbone: kind.either(kind.TEXT, kind.OBJECT), backboneArguments: kind.OBJECT },
  ...{ imageBits: kind.oneOf([8, 16]), background: kind.either(kind.NUMBER, kind.TEXT) },
  ...{ nativeSize: kind.FLAG, opset: kind.NUMBER },
  ...{ recipe: kind.RECIPE, size: kind.sizesOf(['batch', 'depth', 'height', 'width']) },
};

/**
 * Exports a checkpoint to an .onnx file.
 * @throws NmodeError: BAD_CHECKPOINT, BAD_USAGE, BAD_REFERENCE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the
 *   reference is missed. In every case nothing is written.
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportReport> {
  return withOptions(options, KINDS, ['checkpoint', 'output'], exported);
}

async function exported(options: ExportModelOptions): Promise<ExportReport> {
  const { output, reference } = options;
  const open = (path: string) => openCheckpoint(path, options.key, pick(options, ['prefix', 'ignore']));
  const [path = options.checkpoint, ...paths] = foldsIn(options.checkpoint, options.folds);
  const checkpoint = await open(path);
  const others: Checkpoint[] = [];
  try {
    for (const other of paths) others.push(await open(other));
    const sources = [checkpoint, ...others].flatMap((each) => each.sources ?? []);
    await refuseOverwriting([output], [...sources, ...(reference ? [reference] : [])]);
    const asked = planExport(options);
    const structure = { assume: options.assume, reference, tolerance: pick(options, ['atol', 'rtol']) };
    const { plan, provenAt, ...structured } = await withStructure(checkpoint, asked, structure);
    const exported = exportCheckpoint(checkpoint, plan, others);
    const { description, prefix, leftAside, parameters } = exported;
    const { io = 'tensor' } = plan.images;
    // A reference holds prepared pixels, and one that a structure was found with has a size of its own.
    const proven = {
      ...plan,
      images: { ...plan.images, io: 'tensor' as const },
      ...(provenAt && { graph: { ...plan.graph, size: provenAt } }),
    };
    // A background is of a softmax.
    const { background: _, ...images } = proven.images;
    const withoutHead = { ...proven, hints: { ...plan.hints, head: 'none' as const }, images };
    const made = {
      ...{ model: exported.model, name: basename(output), head: description.head },
      assumed: exported.assumed,
      notes: [...exported.notes, ...structured.notes, ...sizeNotes(provenAt)],
      isProven: true,
      ...((io === 'image' || provenAt) && {
        network: () => exportCheckpoint(checkpoint, proven, others).model,
      }),
      ...(description.head !== 'none' && {
        withoutHead: () => exportCheckpoint(checkpoint, withoutHead, others).model,
      }),
    };
    const { model, transformation, assumed, notes, bytes, verified } = await writeProven(made, options);
    const { declared: input, known, shape } = inputSizes(model, at(model.graph.inputs, 0).name);
    // Of the network as it was trained.
    const { macs } = networkCost(exported.model, known);
    return {
      output,
      bytes,
      backbone: description.network.backbone,
      decoder: description.decoder.id,
      architecture: Object.fromEntries(model.metadata),
      parameters,
      macs,
      macsAt: shape,
      nodes: model.graph.nodes.length,
      opset: opsetOf(model),
      io,
      ...(io === 'image' && { imageBits: at(model.graph.inputs, 0).type?.dtype === 'uint16' ? 16 : 8 }),
      input,
      sizeMultiple: sizeMultiple(description),
      ...transformation,
      ...{ prefix, leftAside, assumed, notes },
      ...(verified && { verified }),
    };
  } finally {
    for (const each of [checkpoint, ...others]) each.close();
  }
}

/** Where the network was run at another size than that of the model. */
function sizeNotes(provenAt: InputSize | undefined): readonly string[] {
  if (provenAt === undefined) return [];
  const size = `${provenAt.height}x${provenAt.width}`;
  return [
    `verified at ${size}, the size of the reference and not of the model: to verify the file itself, export with ${option('size')} ${size}, or for any size with \`exportModel({ size: {} })\``,
  ];
}

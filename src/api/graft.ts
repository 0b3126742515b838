import { openCheckpoint } from '../../exporters/checkpoints/open.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import type { SolverId } from '../../exporters/decoders/solvers.js';
import { type GraftHints, graftDecoder, planGraft } from '../../exporters/grafting/graft.js';
import { encoderAssumptions } from '../../exporters/grafting/metadata.js';
import { SETTING_KINDS } from '../../exporters/nn/settings.js';
import { cost } from '../../graph/analysis/cost.js';
import { type Feature, imageOf } from '../../graph/analysis/features.js';
import { badUsage } from '../../graph/common/errors.js';
import type { Kinds } from '../../graph/common/option-kinds.js';
import * as kind from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { opsetOf } from '../../graph/ir/model.js';
import { naming } from '../../runtime/common/naming.js';
import { loadModel } from '../../runtime/node/model.js';
import { refuseOverwriting } from '../files/write-whole.js';
import { measure } from '../measuring/measure.js';
import { inputSizes } from '../transform/default-sizes.js';
import { HINTS, KEYS, withOptions } from './option-kinds.js';
import { PROOF, type ProofOptions, type ProofReport, writeProven } from './write-proven.js';

export interface GraftOptions extends GraftHints, ProofOptions, KeySelection {
  /** An .onnx file of any exporter with one image input [N, C, H, W]. */
  readonly model: string;
  /** A .pth, .pt or .safetensors file with the decoder's weights, or a folder with one; other keys are ignored. */
  readonly weights?: string;
  /** Where the state dict is: a path of dict keys separated by dots, or a prefix of its keys. Default: the usual keys. */
  readonly key?: string;
  /** Initial weights instead of trained ones, for shapes and speed only. */
  readonly init?: boolean;
}

export interface GraftReport extends ProofReport {
  readonly decoder: SolverId;
  /** The tensors for the solver steps, shallow to deep. */
  readonly skips: readonly Feature[];
  /** The model's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Multiply-adds of one run at `macsAt`; absent where operators are not known. */
  readonly macs?: number;
  readonly nodesBefore: number;
}

const { pooling: _, backboneActivation: __, ...SETTINGS } = SETTING_KINDS;

const KINDS: Kinds<GraftOptions> = {
  ...PROOF,
  ...KEYS,
  ...HINTS,
  ...SETTINGS,
  ...{ model: kind.PATH, weights: kind.PATH, init: kind.FLAG },
  skips: ['a list of names, as `proposeSkips` gives', kind.TEXTS[1]],
  ...{ background: kind.either(kind.NUMBER, kind.TEXT), classNames: kind.TEXTS, recipe: kind.RECIPE },
};

/**
 * Puts an nmODE decoder on tensors of any .onnx file, in place of what was computed from them.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_CHECKPOINT, BAD_REFERENCE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where the
 *   reference is missed. In every case nothing is written.
 */
export async function graft(options: GraftOptions): Promise<GraftReport> {
  return withOptions(options, KINDS, ['model', 'skips', 'output'], grafted);
}

async function grafted(options: GraftOptions): Promise<GraftReport> {
  const { weights, init = false, output, reference, level = 'none' } = options;
  if ((weights === undefined) !== init) {
    throw badUsage('give the weights of the decoder with `weights`, or else `init: true`');
  }
  const stopping = pick(options, ['signal']);
  const { model, name, sources: ofModel = [] } = await loadModel(options.model, stopping);
  const selection = pick(options, ['prefix', 'ignore']);
  const checkpoint =
    weights === undefined ? undefined : await openCheckpoint(weights, options.key, selection);
  try {
    const sources = [...ofModel, ...(checkpoint?.sources ?? []), ...(reference ? [reference] : [])];
    await refuseOverwriting([output], sources);
    const plan = planGraft(options);
    const grafted = await graftDecoder(model, checkpoint, plan, (part) => measure(part, stopping)).catch(
      (error) =>
        naming(name, () => {
          throw error;
        }),
    );
    const { skips, sizeMultiple, head, withoutHead } = grafted;
    const made = {
      ...{ model: grafted.model, name, head, notes: grafted.notes },
      assumed: [...encoderAssumptions(model, plan.images, grafted.assumed), ...grafted.assumed],
      // What a reference is held against need not be compared on images.
      isProven: level === 'none' || reference !== undefined,
      ...(head !== 'none' && { withoutHead }),
    };
    const proven = await writeProven(made, { ...options, level });
    const { model: result, transformation, assumed, notes, bytes, verified } = proven;
    const { declared: input, known, shape } = inputSizes(result, imageOf(result).name);
    const { parameters, macs } = cost(grafted.model, known);
    return {
      output,
      bytes,
      decoder: grafted.decoder.id,
      skips,
      metadata: Object.fromEntries(result.metadata),
      parameters,
      ...(macs !== undefined && { macs }),
      macsAt: shape,
      nodes: result.graph.nodes.length,
      nodesBefore: model.graph.nodes.length,
      opset: opsetOf(result),
      input,
      sizeMultiple,
      ...transformation,
      assumed,
      notes,
      ...(verified && { verified }),
    };
  } finally {
    checkpoint?.close();
  }
}

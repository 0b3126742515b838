import { check } from '../../graph/check.js';
import { NmodeError } from '../../graph/errors.js';
import { extend, tensorOf } from '../../graph/extend.js';
import { type Feature, featureType, type Measure, sizeMultipleOf } from '../../graph/features.js';
import { type Model, opsetOf } from '../../graph/model.js';
import { prune } from '../../graph/prune.js';
import type { Recipe } from '../../graph/recipe.js';
import { nmodeLogits } from '../build.js';
import type { Checkpoint } from '../checkpoints/open.js';
import type { NmodeDecoder, Told } from '../describe.js';
import { applyHead } from '../head.js';
import { initialDecoder, trainedDecoder } from './decoder.js';
import { graftedMetadata } from './metadata.js';
import { checkNames, skipsOf } from './skips.js';

export interface GraftOptions extends Told {
  /** Names of the tensors that the steps take, shallow to deep. */
  readonly skips: readonly string[];
  /** How images are prepared; default as the model says. */
  readonly recipe?: Partial<Recipe>;
}

export interface Grafted {
  readonly model: Model;
  /** Shallow to deep. */
  readonly skips: readonly Feature[];
  readonly decoder: NmodeDecoder;
  /** Heights and widths must be multiples of this. */
  readonly sizeMultiple: number;
  /** What a careful user wants to know, one sentence each. */
  readonly notes: readonly string[];
}

/** The first with the operators of a decoder in the forms that are written. */
const LEAST_OPSET = 13;

/**
 * Puts an nmODE decoder on tensors of any model, in place of what was computed from them. Its one output becomes `mask` float32
 * [N, classes, H, W]; the rest of the model stays as it is.
 * @param checkpoint holds the decoder's weights; without, they are those that a training begins with
 * @param measure is asked how large tensors are, where operators that are not known hide it
 * @throws NmodeError (BAD_USAGE, BAD_MODEL, BAD_CHECKPOINT)
 */
export async function graftDecoder(
  model: Model,
  checkpoint: Checkpoint | undefined,
  options: GraftOptions,
  measure: Measure,
): Promise<Grafted> {
  const opset = opsetOf(model);
  if (opset < LEAST_OPSET) {
    throw new NmodeError(
      'BAD_MODEL',
      `opset ${opset}, expected ${LEAST_OPSET} at least: convert it (onnx.version_converter), or export it with a later one`,
    );
  }
  checkNames(model, options.skips);
  const encoder = prune(model, options.skips);
  const skips = await skipsOf(encoder, options.skips, measure);
  const { decoder, classes, weights, source, finish } = checkpoint
    ? trainedDecoder(checkpoint, skips, options)
    : initialDecoder(options);
  const { head = 'sigmoid', recipe } = options;
  const sizeMultiple = sizeMultipleOf(encoder, skips);
  const taken = skips.map((skip) => {
    const value = tensorOf(skip.tensor, featureType(encoder, skip, sizeMultiple));
    return { value, scale: skip.scale };
  });
  const mask = applyHead(head, nmodeLogits(taken, decoder, classes, weights));
  const notes = finish();
  const facts = { skips, decoder, classes, head, sizeMultiple, source, ...(recipe && { recipe }) };
  const grafted = { ...extend(encoder, { mask }), metadata: graftedMetadata(encoder, facts) };
  check(grafted);
  return { model: grafted, skips, decoder, sizeMultiple, notes };
}

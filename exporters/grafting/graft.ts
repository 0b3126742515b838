import { check } from '../../graph/analysis/check.js';
import { type Feature, featureType, type Measure, sizeMultipleOf } from '../../graph/analysis/features.js';
import { prune } from '../../graph/analysis/prune.js';
import { withReceptiveField } from '../../graph/analysis/reach.js';
import { pick } from '../../graph/common/pick.js';
import { type Model, opsetOf } from '../../graph/ir/model.js';
import { decided } from '../../graph/lifting/branches.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import { inlined } from '../../graph/lifting/inlining.js';
import { lift } from '../../graph/lifting/lift.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { HEAD_KEY } from '../../graph/recipe/recipe.js';
import { extend, tensorOf } from '../../graph/rewriting/extend.js';
import { assumptionsOf } from '../assembly/assumptions.js';
import { nmodeLogits } from '../assembly/build.js';
import { namedClasses } from '../assembly/class-names.js';
import { type HintOptions, hintsOf } from '../assembly/export-plan.js';
import { applyHead, type Head, headFor } from '../assembly/head.js';
import type { Checkpoint } from '../checkpoints/open.js';
import type { NmodeDecoder } from '../decoders/nmode.js';
import { checkSettings, SETTING_NAMES, type Settings, SettingsInUse } from '../nn/settings.js';
import { INIT, initialDecoder, trainedDecoder } from './decoder.js';
import { type GraftImages, graftedMetadata } from './metadata.js';
import { checkNames, skipsOf } from './skips.js';

export interface GraftHints
  extends HintOptions,
    GraftImages,
    Omit<Settings, 'pooling' | 'backboneActivation'> {
  /** Names of the tensors that the steps take, shallow to deep. */
  readonly skips: readonly string[];
}

/** A graft, taken apart into what each of its steps needs. */
export const planGraft = (options: GraftHints & Settings) => ({
  skips: options.skips,
  hints: hintsOf(options),
  settings: pick(options, SETTING_NAMES),
  images: pick(options, ['recipe', 'window', 'grey', 'background', 'classNames']),
});

export interface Grafted {
  readonly model: Model;
  /** The tensors for the solver steps, shallow to deep. */
  readonly skips: readonly Feature[];
  readonly decoder: NmodeDecoder;
  readonly head: Head;
  /** Heights and widths must be multiples of this. */
  readonly sizeMultiple: number;
  /** What was taken of the decoder for what neither its weights nor the options say. */
  readonly assumed: readonly Assumption[];
  /** What a careful user wants to know, one sentence each. */
  readonly notes: readonly string[];
  /** The same model up to its logits. */
  withoutHead(): Model;
}

/**
 * Puts an nmODE decoder on tensors of any model, in place of what was computed from them. Its one output becomes `mask` float32
 * [N, classes, H, W]; the rest of the model stays as it is.
 * @param checkpoint holds the decoder's weights; without, they are those that a training begins with
 * @param measure is asked how large tensors are, where operators that are not known hide it
 * @throws NmodeError (BAD_USAGE, BAD_MODEL, BAD_CHECKPOINT)
 */
export async function graftDecoder(
  given: Model,
  checkpoint: Checkpoint | undefined,
  { skips: names, hints, settings: stated, images }: ReturnType<typeof planGraft>,
  measure: Measure,
): Promise<Grafted> {
  const lifted = lift(decided(inlined(given).model).model);
  const model = inImageForm(lifted);
  checkNames(model, names);
  const encoder = prune(model, names);
  const skips = await skipsOf(model, encoder, names, measure);
  const settings = new SettingsInUse(checkSettings(stated));
  const { decoder, classes, weights, source, finish } = checkpoint
    ? trainedDecoder(checkpoint, skips, hints, settings)
    : initialDecoder(hints, settings);
  const file = checkpoint?.file ?? INIT;
  const head = headFor(file, classes, hints.head);
  const sizeMultiple = sizeMultipleOf(encoder, skips);
  const taken = skips.map((skip) => {
    const value = tensorOf(skip.tensor, featureType(encoder, skip, sizeMultiple));
    return { value, scale: value.shape.slice(2).map(() => skip.scale) };
  });
  const logits = nmodeLogits(taken, decoder, classes, weights);
  const mask = applyHead(head, logits);
  const [before, opset] = [opsetOf(given), opsetOf(model)];
  const named = namedClasses(checkpoint, classes, images.classNames);
  const notes = [
    ...(before < opset ? [`lifted from opset ${before} to ${opset}`] : []),
    ...(model.graph.inputs.some((input, index) => input !== lifted.graph.inputs[index])
      ? ['it takes its image as float32 [N, C, H, W], which it did not before']
      : []),
    ...finish(),
    ...named.notes,
  ];
  settings.refuseUnused(file);
  const facts = { skips, decoder, classes, head, sizeMultiple, source, images, classNames: named.metadata };
  const metadata = new Map([...graftedMetadata(encoder, facts), ...settings.metadata]);
  const grafted = withReceptiveField({ ...extend(encoder, { mask }), metadata });
  check(grafted);
  const assumed = [...(checkpoint?.assumed ?? []), ...assumptionsOf({ decoder, head }, hints, settings)];
  const withoutHead = () => ({
    ...extend(encoder, { mask: logits }),
    metadata: new Map([...metadata, [HEAD_KEY, 'none']]),
  });
  return { model: grafted, skips, decoder, head, sizeMultiple, assumed, notes, withoutHead };
}

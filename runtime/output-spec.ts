import { at } from '../graph/common/at.js';
import { badModel, badUsage, NmodeError } from '../graph/common/errors.js';
import { oneOf } from '../graph/common/fields.js';
import { option } from '../graph/common/option.js';
import { either, type Kinds, NUMBER, TEXT, TEXTS } from '../graph/common/option-kinds.js';
import type { Outline } from '../graph/ir/model.js';
import type { OutputActivation } from '../graph/ir/output-activation.js';
import { type Assumption, assumptionsIn } from '../graph/recipe/assumption.js';
import {
  CLASS_NAMES_KEY,
  checkNameCount,
  classNamesIn,
  givenClassNames,
  parseClassNames,
} from '../graph/recipe/class-names.js';
import { headAdvice } from '../graph/recipe/head-advice.js';
import { axesOf, type Layout } from '../graph/recipe/layout.js';
import {
  APPLIED_HEAD_KEY,
  BACKGROUND_KEY,
  type Background,
  FOLDS_KEY,
  FOLDS_OUTPUT,
  HEAD_KEY,
  parseBackground,
  REGIONS_KEY,
} from '../graph/recipe/recipe.js';
import { parseRegions, type Region } from '../graph/recipe/regions.js';
import { fromMetadata } from './common/naming.js';
import type { OutputSpec } from './images/job.js';
import { type Classes, checkBackground, INDEPENDENT } from './masks/classes.js';

/** What turns a model's logits into probabilities; softmax is over the classes. */
export const APPLIED_HEADS = ['sigmoid', 'softmax'] as const;
export type AppliedHead = (typeof APPLIED_HEADS)[number];

export interface OutputSpecOptions {
  /** The operation that turns the model's logits into probabilities. Default: what the model states. */
  readonly head?: AppliedHead;
  /** For exclusive classes: the background class, which gets no mask. Default: the model's own, or 0. */
  readonly background?: Background;
  /** Class names in output order, including the background. Default: the model's own. */
  readonly classNames?: readonly string[];
  /** For a model with several outputs: the output with the masks. Default: the first. */
  readonly outputName?: string;
}

export const OUTPUT_KINDS: Kinds<OutputSpecOptions> = {
  head: TEXT,
  background: either(NUMBER, TEXT),
  classNames: TEXTS,
  outputName: TEXT,
};

/** Logits that nobody says how to turn into probabilities. */
export class MissingHeadError extends NmodeError {}

/** What a model's output is, and what is made of it. @throws NmodeError: BAD_MODEL, BAD_USAGE */
export function outputSpecOf(
  { outputs, metadata, activation }: Outline,
  { head: asked, background, classNames, outputName }: OutputSpecOptions,
  layout: Layout,
): OutputSpec {
  const given = outputs.map(({ name }) => name);
  if (outputName !== undefined && !given.includes(outputName)) {
    throw badUsage(`no output is named '${outputName}': it has ${given.join(', ')}`);
  }
  const [first] = outputs;
  if (outputName !== undefined && first?.name !== outputName) {
    throw badUsage(
      `its first output is '${first?.name}', not '${outputName}': optimizeModel with ${option('outputName', outputName)} writes a model of that one`,
    );
  }
  const { dtype = 'float32', shape } = first?.type ?? {};
  if (dtype !== 'float32') throw badModel(`it gives ${dtype}, expected probabilities in float32`);
  if (asked !== undefined && !APPLIED_HEADS.includes(asked)) {
    throw badUsage(`a head of '${asked}', expected ${APPLIED_HEADS.join(' or ')}`);
  }
  const stated = endOf(activation, metadata.get(HEAD_KEY));
  const isOpen = stated === 'logits' || stated === 'unknown';
  const applied = (text: string) => oneOf(text, 'the head', APPLIED_HEADS);
  const head = asked ?? (isOpen ? fromMetadata(metadata, APPLIED_HEAD_KEY, applied) : undefined);
  if ((stated === 'sigmoid' || stated === 'softmax') && head !== undefined) {
    const says = activation === stated ? 'it ends' : `its metadata ${HEAD_KEY} says that it ends`;
    throw badUsage(
      `${says} in a ${stated}: a ${option('head', head)} behind it would change its probabilities`,
    );
  }
  const count = shape?.[at(axesOf(layout), 0)];
  const known = typeof count === 'number' && count > 0 ? count : undefined;
  if (stated === 'logits' && head === undefined) {
    throw new MissingHeadError(
      'BAD_USAGE',
      `it returns logits, not probabilities: convert them with ${headAdvice(known)}`,
    );
  }
  if (head === 'softmax' && count === 1) {
    throw badUsage("`head: 'softmax'`: over one class it is always 1, use sigmoid");
  }
  const others = outputs.filter(({ name }) => name !== FOLDS_OUTPUT);
  const unsaid: Assumption[] = [];
  if (others.length > 1) {
    const value = `'${first?.name}', the first of ${others.length}`;
    unsaid.push({ what: 'output', value, option: 'outputName' });
  }
  if (stated === 'unknown' && head === undefined) {
    unsaid.push({ what: 'head', value: 'none: its values are probabilities', option: 'head' });
  }
  const { classes, assumed } = classesOf(head ?? stated, metadata, background, count);
  const regions = classes.kind === 'independent' ? regionsIn(metadata, known) : undefined;
  const names = classNamesOf(metadata, classNames, known);
  return {
    classes: { ...classes, ...(names && { names }), ...(regions && { regions }) },
    outputLayout: layout,
    ...(head !== undefined && { head }),
    ...(others.length < outputs.length && { folds: foldsIn(metadata) }),
    assumed: [...unsaid, ...assumed],
  };
}

/** The graph tells more surely than the metadata, which stays behind when somebody adds an operator. */
export function endOf(end: OutputActivation, stated: string | undefined): OutputActivation {
  if (end !== 'unknown') return end;
  if (stated === 'none') return 'logits';
  return stated === 'sigmoid' || stated === 'softmax' ? stated : 'unknown';
}

function classesOf(
  end: OutputActivation,
  metadata: Outline['metadata'],
  given: Background | undefined,
  count: number | string | undefined,
): { readonly classes: Classes; readonly assumed: readonly Assumption[] } {
  if (given !== undefined && given !== 'none' && !(Number.isSafeInteger(given) && given >= 0)) {
    throw badUsage(`a background of ${given}, expected the index of a class, from 0 on, or none`);
  }
  if (end !== 'softmax' || count === 1) {
    if (given === undefined || given === 'none') return { classes: INDEPENDENT, assumed: [] };
    throw badUsage(`${option('background', given)} does not apply: ${whyNoBackground(end, count)}`);
  }
  const checked = (background: Background) => {
    if (typeof count === 'number' && count > 0) checkBackground(background, count);
    return background;
  };
  const declared = () =>
    fromMetadata(metadata, BACKGROUND_KEY, (text) => checked(parseBackground(text))) ?? 0;
  const background = given === undefined ? declared() : checked(given);
  const isAssumed =
    given === undefined &&
    (!metadata.has(BACKGROUND_KEY) || assumptionsIn(metadata).some(({ option }) => option === 'background'));
  return {
    classes: { kind: 'exclusive', background },
    assumed: isAssumed ? [{ what: 'background', value: `class ${background}`, option: 'background' }] : [],
  };
}

/** @throws NmodeError (BAD_MODEL) */
function foldsIn(metadata: Outline['metadata']): number {
  const folds = Number(metadata.get(FOLDS_KEY));
  if (Number.isInteger(folds) && folds > 1) return folds;
  throw badModel(
    `its output '${FOLDS_OUTPUT}' is of folds, and its metadata ${FOLDS_KEY} do not say of how many`,
  );
}

/** The regions that independent classes are. @throws NmodeError (BAD_MODEL) */
function regionsIn(metadata: Outline['metadata'], count: number | undefined): readonly Region[] | undefined {
  return fromMetadata(metadata, REGIONS_KEY, (text) => {
    const regions = parseRegions(JSON.parse(text));
    if (count !== undefined && regions.length !== count)
      throw new Error(`it has ${regions.length} regions, the model gives ${count} classes`);
    return regions;
  });
}

/**
 * What a model's classes are called: as is given, or as its metadata say, those of other exporters too.
 * @param count of its classes; undefined where its output leaves that open
 * @throws NmodeError: BAD_USAGE for names that are given and do not fit, BAD_MODEL for those of the model
 */
export function classNamesOf(
  metadata: ReadonlyMap<string, string>,
  given: readonly string[] | undefined,
  count: number | undefined,
): readonly string[] | undefined {
  if (given !== undefined) return givenClassNames(given, count);
  const stated = fromMetadata(metadata, CLASS_NAMES_KEY, (text) => {
    const names = parseClassNames(text, true);
    if (count !== undefined) checkNameCount(names, count);
    return names;
  });
  return stated ?? (count === undefined ? undefined : classNamesIn(metadata, count));
}

function whyNoBackground(end: OutputActivation, count: number | string | undefined): string {
  if (count === 1) return 'it has one class';
  return end === 'unknown'
    ? 'nothing says that its classes exclude each other, as those of a softmax do'
    : 'its classes do not exclude each other';
}

import { basename } from 'node:path';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Backbone, Network } from '../backbones/backbone.js';
import type { Checkpoint } from '../checkpoints/open.js';
import { unreadableText } from '../checkpoints/unreadable.js';
import type { KeyView } from '../nn/key-views.js';
import type { SettingsInUse } from '../nn/settings.js';
import { type Finished, isIgnored, legible, listed, type Shapes, Weights } from '../nn/weights.js';
import { type Description, type Detected, describe, detect } from './describe.js';
import type { ExportPlan } from './export-plan.js';

export function shapesOf({ tensors }: Pick<Checkpoint, 'tensors'>): Shapes {
  return new Map(Array.from(tensors, ([key, { dims }]) => [key, dims]));
}

/** Runs a search for a network; where that fails, tensors that cannot be read may be why. */
export function explaining<T>({ file, tensors }: Checkpoint, search: () => T): T {
  try {
    return search();
  } catch (error) {
    const unread = unreadableText(tensors);
    if (unread === undefined || !(error instanceof NmodeError) || error.code !== 'BAD_CHECKPOINT')
      throw error;
    const rest = error.message.replace(`${file}: `, '');
    throw new NmodeError('BAD_CHECKPOINT', `${file}: ${unread}; ${rest}`, { cause: error });
  }
}

/** What was found of checkpoints of which nobody says a backbone: they are asked more than once, and it takes time. */
const known = new WeakMap<Checkpoint, Detected>();

/** The network of a checkpoint. @throws NmodeError (BAD_CHECKPOINT) where there is none that is known, or several */
export function detectIn(checkpoint: Checkpoint, hinted?: Backbone): Detected {
  const before = hinted === undefined ? known.get(checkpoint) : undefined;
  if (before !== undefined) return before;
  const detected = explaining(checkpoint, () =>
    detect(checkpoint.file, shapesOf(checkpoint), hinted, checkpoint.prefix, checkpoint.extras),
  );
  if (hinted === undefined) known.set(checkpoint, detected);
  return detected;
}

/** The weights of a network where it was found. */
export function weightsIn(
  { file, tensors }: Checkpoint,
  { names }: KeyView,
  settings?: SettingsInUse,
  under?: string,
): Weights {
  return Weights.from((key) => tensors.get(names.get(key) ?? ''), file, settings, under);
}

/**
 * What is left to be said of a network's weights, once it is built.
 * @throws NmodeError (BAD_CHECKPOINT) for keys that are missing, misshapen or too many
 */
export function finishedIn(
  { tensors }: Checkpoint,
  { names }: KeyView,
  { isSpare, ignoredPrefixes, contradiction }: Network,
  weights: Weights,
): Finished {
  const keys = [...names.keys()].filter((key) => !isSpare?.(key));
  try {
    return weights.finish(keys, ignoredPrefixes, (key) => tensors.get(names.get(key) ?? '')?.view);
  } catch (error) {
    throw contradiction?.() ?? error;
  }
}

/** What the network's keys begin with in the file. */
export function prefixIn({ prefix = '' }: Checkpoint, view: KeyView): string {
  return `${prefix}${view.prefix}`;
}

/**
 * Every key of the file that is not used.
 * @param unused those among the keys of the view
 */
export function keysAround(
  { prefix = '', ignored = [], tensors }: Checkpoint,
  { names }: KeyView,
  unused: readonly string[],
): readonly string[] {
  const within = new Set(names.values());
  const around = [...tensors.keys()].filter((key) => !within.has(key));
  const own = unused.map((key) => names.get(key) ?? key);
  return [...ignored, ...[...around, ...own].map((key) => `${prefix}${key}`)];
}

/** Likewise without counters, which no network needs. */
export const ignoredKeys = (checkpoint: Checkpoint, view: KeyView, unused: readonly string[]) =>
  keysAround(checkpoint, view, unused).filter((key) => !isIgnored(key));

/** What is to be said of keys that were left aside, in a sentence. */
export function ignoredNotes(keys: readonly string[], of: string): readonly string[] {
  if (keys.length === 0) return [];
  const [title, them] = keys.length === 1 ? ['key that is', 'it'] : ['keys that are', 'them'];
  return [
    `left aside: ${listed(`${title} no part of ${of}`, keys)}; a network that uses ${them} is another one, which ${option('reference')} shows`,
  ];
}

/** What is to be said of texts beside the weights that do not say what the network is. */
export function unusedTextNotes({ sources = [] }: Checkpoint, { isSaid }: Network): readonly string[] {
  const texts = sources.slice(1).map((path) => basename(path));
  if (isSaid || texts.length === 0) return [];
  return [`nothing of ${texts.join(', ')} beside the weights was used: it does not say what they are`];
}

/** Where the network was found, unless its keys are all there is or below a usual prefix. */
export function prefixNotes(checkpoint: Checkpoint, view: KeyView): readonly string[] {
  if (view.prefix === '') return [];
  return [`the network is below '${legible(prefixIn(checkpoint, view))}' in the state dict`];
}

/** Where weights are from, and what of it is not used. */
interface Source {
  readonly checkpoint: Checkpoint;
  readonly prefix: string;
  readonly leftAside: readonly string[];
}

/** `metadata_props` that say where the weights are from. @throws NmodeError (BAD_CHECKPOINT) where a file cannot be read */
export function sourceMetadata(sources: readonly Source[]): readonly [string, string][] {
  const ignored = sources.flatMap(({ leftAside }) => leftAside);
  const below = sources.find(({ prefix }) => prefix !== '');
  const title = ignored.length === 1 ? 'key' : 'keys';
  const entries: [string, string][] = [
    ['nmode.source.file', sources.map(({ checkpoint }) => checkpoint.file).join(', ')],
    ['nmode.source.sha256', sources.map(({ checkpoint }) => checkpoint.sha256()).join(', ')],
  ];
  if (below !== undefined) entries.push(['nmode.source.prefix', below.prefix]);
  if (ignored.length > 0) entries.push(['nmode.source.left_aside', listed(title, ignored)]);
  return entries;
}

/**
 * Checkpoints of one network, trained on other parts of the data: what each says of it, where in the state dict it is, and its weights.
 * @throws NmodeError (BAD_CHECKPOINT) where they are not of one network; BAD_USAGE
 */
export function foldsOf(
  checkpoints: readonly Checkpoint[],
  { backbone, hints }: ExportPlan,
  settings: SettingsInUse,
) {
  const folds = checkpoints.map((checkpoint, index) => {
    const detected = detectIn(checkpoint, backbone);
    const { view, network } = detected;
    const under = checkpoints.length === 1 ? '' : `folds.${index}.`;
    const weights = weightsIn(checkpoint, view, settings, under);
    return {
      ...{ checkpoint, weights, view, description: describe(checkpoint.file, detected, hints) },
      /** @throws NmodeError (BAD_CHECKPOINT) for keys that are missing, misshapen or too many */
      finish() {
        const { narrowed, unused } = finishedIn(checkpoint, view, network, weights);
        const leftAside = ignoredKeys(checkpoint, view, unused);
        return { narrowed, leftAside, prefix: prefixIn(checkpoint, view) };
      },
    };
  });
  const [first, ...others] = folds;
  const other = others.find(({ description }) => first && kindOf(description) !== kindOf(first.description));
  if (first !== undefined && other !== undefined) {
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `${other.checkpoint.file}: it is not the network of ${first.checkpoint.file}: folds of one training are averaged`,
    );
  }
  return folds;
}

/** All that must be the same. */
const kindOf = ({ network, classes, decoder }: Description): string =>
  JSON.stringify([network.backbone, network.variant, classes, decoder.id, [...network.keys]]);

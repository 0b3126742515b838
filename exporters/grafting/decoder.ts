import type { Feature } from '../../graph/analysis/features.js';
import { badUsage, NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { describeNmode, type Hints, headFault, publishedDecoder } from '../assembly/describe.js';
import {
  explaining,
  keysAround,
  prefixIn,
  prefixNotes,
  shapesOf,
  sourceMetadata,
  weightsIn,
} from '../assembly/network-weights.js';
import type { Checkpoint } from '../checkpoints/open.js';
import { detectNmode } from '../decoders/detect.js';
import type { NmodeDecoder } from '../decoders/nmode.js';
import { SOLVER_IDS, SOLVERS } from '../decoders/solvers.js';
import { type KeyView, shapesIn, viewsBelow, wholeViews } from '../nn/key-views.js';
import type { SettingsInUse } from '../nn/settings.js';
import { listed, type Shapes, Weights } from '../nn/weights.js';
import { initialWeights } from './initial-weights.js';

/** Stands for a file where there is none. */
export const INIT = option('init', true);

/** A decoder and where its weights are. */
export interface GraftDecoder {
  readonly decoder: NmodeDecoder;
  readonly classes: number;
  readonly weights: Weights;
  /** `metadata_props` that say where the weights are from. */
  readonly source: readonly [string, string][];
  /** What a careful user wants to know, once all weights were asked for. @throws NmodeError (BAD_CHECKPOINT) */
  finish(): readonly string[];
}

/** A decoder in its published form, with the weights that a training begins with. @throws NmodeError (BAD_USAGE) */
export function initialDecoder(hints: Hints, settings: SettingsInUse): GraftDecoder {
  const id = SOLVER_IDS.find((known) => known === hints.decoder);
  if (id === undefined) {
    throw badUsage(`${INIT}: choose the decoder with ${option('decoder')} ${SOLVER_IDS.join(' or ')}`);
  }
  const classes = 1;
  return {
    decoder: publishedDecoder(INIT, id, classes, hints),
    classes,
    weights: Weights.from(initialWeights(), INIT, settings),
    source: [['nmode.source', 'initial weights']],
    finish: () => ['the weights are those that a training begins with: for shapes and speed alone'],
  };
}

const CONVOLUTIONS = [...new Set(SOLVERS.flatMap(({ weights }) => [...weights]))].join('|');

/** What a decoder is made of; keys that begin otherwise are an encoder's. */
const DECODER_KEY = new RegExp(`^(up\\d+\\.(${CONVOLUTIONS}|sigma)|outc\\.conv)\\.`);

/** The decoder of a checkpoint, whatever else that holds. @throws NmodeError (BAD_CHECKPOINT, BAD_USAGE) */
export function trainedDecoder(
  checkpoint: Checkpoint,
  skips: readonly Feature[],
  hints: Hints,
  settings: SettingsInUse,
): GraftDecoder {
  const { file } = checkpoint;
  const stored = shapesOf(checkpoint);
  const bad = (what: string) => new NmodeError('BAD_CHECKPOINT', `${file}: ${what}`);
  const view = explaining(checkpoint, () => decoderView(stored, bad, checkpoint.prefix));
  const shapes = shapesIn(view, stored);
  const detected = detectNmode(shapes);
  if (detected === undefined) throw bad(NO_DECODER);
  const { classes, steps, decoders, variant } = detected;
  if (classes === undefined) throw bad(headFault(shapes, detected));
  const decoder = describeNmode(file, variant, decoders, hints);
  if (steps !== skips.length) {
    throw bad(`its decoder has ${steps} steps, ${skips.length} skips are named: each step takes one`);
  }
  checkChannels(shapes, skips, bad);
  const weights = weightsIn(checkpoint, view, settings);
  const names = [...view.names.keys()];
  const others = names.filter((key) => !isOwn(key));
  const ignored = keysAround(checkpoint, view, others);
  return {
    decoder,
    classes,
    weights,
    source: sourceMetadata([{ checkpoint, prefix: prefixIn(checkpoint, view), leftAside: [] }]),
    finish() {
      const { narrowed } = weights.finish(names.filter(isOwn));
      return [
        ...(checkpoint.note === '' ? [] : [checkpoint.note]),
        ...prefixNotes(checkpoint, view),
        ...(narrowed.length > 0 ? [`${narrowed.length} float64 tensors were rounded to float32`] : []),
        ...(ignored.length > 0 ? [`left aside: ${listed("keys that are no decoder's", ignored)}`] : []),
      ];
    },
  };
}

/** The first key of a decoder, in one order of its layers or another. */
const STEMS = ['up1.g.weight', 'up1.g.0.weight'];

const NO_DECODER = 'no nmODE decoder: it has neither up1.g.weight nor up1.g.0.weight';

/**
 * Where the decoder is: its keys as they are, or below whatever prefix.
 * @param removed what was removed from the beginning of all keys, for messages
 * @throws where it is below several
 */
function decoderView(shapes: Shapes, bad: (what: string) => Error, removed = ''): KeyView {
  for (const whole of wholeViews(shapes.keys())) {
    if (STEMS.some((stem) => whole.names.has(stem))) return whole;
    const [first, ...more] = viewsBelow(whole, STEMS);
    if (more.length > 0) {
      const places = [first, ...more].map((view) => `'${removed}${view?.prefix}'`);
      throw bad(
        `it holds ${places.length} decoders, below ${places.join(', ')}: choose one with ${option('prefix')}`,
      );
    }
    if (first !== undefined) return first;
  }
  throw bad(NO_DECODER);
}

const isOwn = (key: string): boolean => DECODER_KEY.test(key);

/** @param skips shallow to deep; the first step takes the deepest */
function checkChannels(shapes: Shapes, skips: readonly Feature[], bad: (what: string) => Error): void {
  for (const [at, { tensor, channels }] of skips.toReversed().entries()) {
    const step = `up${at + 1}`;
    const expected = (shapes.get(`${step}.g.weight`) ?? shapes.get(`${step}.g.0.weight`))?.[1];
    if (expected !== undefined && expected !== channels) {
      throw bad(`step ${step} takes ${expected} channels, its skip '${tensor}' has ${channels}`);
    }
  }
}

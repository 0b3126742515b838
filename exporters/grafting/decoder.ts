import { NmodeError } from '../../graph/errors.js';
import type { Feature } from '../../graph/features.js';
import type { Checkpoint } from '../checkpoints/open.js';
import { SCHEME_IDS } from '../decoders/nmode.js';
import { describeNmode, detectNmode, type NmodeDecoder, RELEASE_FORM, type Told } from '../describe.js';
import { shapesOf } from '../export-model.js';
import type { SettingsInUse } from '../settings.js';
import { listed, type Shapes, Weights } from '../weights.js';
import { initialWeights } from './initial-weights.js';

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

/** The release's decoder with the weights that a training begins with. @throws NmodeError (BAD_USAGE) */
export function initialDecoder(told: Told, settings: SettingsInUse): GraftDecoder {
  if (told.decoder === undefined) {
    throw new NmodeError('BAD_USAGE', `--init: say which decoder with --decoder ${SCHEME_IDS.join(' or ')}`);
  }
  const decoder = describeNmode('--init', RELEASE_FORM, SCHEME_IDS, { activation: 'gelu', ...told });
  return {
    decoder,
    classes: 1,
    weights: Weights.from(initialWeights(), '--init', settings),
    source: [['nmode.source', 'initial weights']],
    finish: () => ['the weights are those that a training begins with: for shapes and speed alone'],
  };
}

/** What a decoder is made of; keys that begin otherwise are an encoder's. */
const DECODER_KEY = /^(up\d+\.(g|g_post|sigma)|outc\.conv)\./;

/** The decoder of a checkpoint, whatever else that holds. @throws NmodeError (BAD_CHECKPOINT, BAD_USAGE) */
export function trainedDecoder(
  checkpoint: Checkpoint,
  skips: readonly Feature[],
  told: Told,
  settings: SettingsInUse,
): GraftDecoder {
  const { file, tensors } = checkpoint;
  const shapes = shapesOf(checkpoint);
  const bad = (what: string) => new NmodeError('BAD_CHECKPOINT', `${file}: ${what}`);
  const detected = detectNmode(shapes);
  if (detected === undefined) throw bad('no nmODE decoder: it has no key up1.g.*');
  const { classes, steps, decoders } = detected;
  if (classes === undefined) throw bad('no head: the key outc.conv.weight is missing');
  const decoder = describeNmode(file, detected, decoders, told);
  if (steps !== skips.length) {
    throw bad(`its decoder has ${steps} steps, ${skips.length} skips are named: each step takes one`);
  }
  checkChannels(shapes, skips, bad);
  const weights = Weights.from((key) => tensors.get(key), file, settings);
  const [own, aside] = [[...tensors.keys()].filter(isOwn), [...tensors.keys()].filter((key) => !isOwn(key))];
  return {
    decoder,
    classes,
    weights,
    source: [
      ['nmode.source.file', file],
      ['nmode.source.sha256', checkpoint.sha256()],
    ],
    finish() {
      const narrowed = weights.finish(own);
      return [
        ...(checkpoint.note === '' ? [] : [checkpoint.note]),
        ...(narrowed.length > 0 ? [`${narrowed.length} float64 tensors were rounded to float32`] : []),
        ...(aside.length > 0 ? [`left aside: ${listed("keys that are no decoder's", aside)}`] : []),
      ];
    },
  };
}

const isOwn = (key: string): boolean => DECODER_KEY.test(key);

/** @param skips shallow to deep; the first step takes the deepest */
function checkChannels(shapes: Shapes, skips: readonly Feature[], bad: (what: string) => Error): void {
  for (const [at, { tensor, channels }] of skips.toReversed().entries()) {
    const step = `up${at + 1}`;
    const [, expected] = shapes.get(`${step}.g.weight`) ?? shapes.get(`${step}.g.0.weight`) ?? [];
    if (expected !== undefined && expected !== channels) {
      throw bad(`step ${step} takes ${expected} channels, its skip '${tensor}' has ${channels}`);
    }
  }
}

import { at } from '../../graph/common/at.js';
import { BACKGROUND_KEY, type Background, HEAD_KEY, parseBackground } from '../../graph/common/recipe.js';
import type { Model } from '../../graph/ir/model.js';
import { type OutputActivation, outputActivation } from '../../graph/ir/output-activation.js';
import type { Floats } from '../../runtime/sessions/tensors.js';

/** How an output of one model differs from the same output of another, over all that both were given. */
export interface OutputDifference {
  readonly name: string;
  /** Whether it is cut into masks, [N, classes, H, W] of probabilities or logits, or is anything else. */
  readonly kind: 'mask' | 'values';
  /** Largest absolute difference; infinite where the other model gives NaN. */
  readonly maxAbs: number;
  /** Largest magnitude of what is wanted. */
  readonly largest: number;
  /** Of masks: 1 - DSC of the two models', over all of them; absent where neither model finds any. */
  readonly dscDrop?: number;
  /** How far onnxruntime's own settings are apart for the model as it was, where that was looked at. */
  readonly spread?: number;
}

/** How two models differ: the worst of their outputs, and each of them. */
export interface Difference {
  readonly maxAbs: number;
  /** Absent where no output has a mask. */
  readonly dscDrop?: number;
  readonly outputs: readonly OutputDifference[];
}

export function worstOf(outputs: readonly OutputDifference[]): Difference {
  const drops = outputs.flatMap(({ dscDrop }) => dscDrop ?? []);
  return {
    maxAbs: Math.max(0, ...outputs.map(({ maxAbs }) => maxAbs)),
    ...(drops.length > 0 && { dscDrop: Math.max(...drops) }),
    outputs,
  };
}

/** What the values of an output are. */
export interface Meaning {
  readonly end: OutputActivation;
  /** Of classes that exclude each other, the one that is no mask. */
  readonly background: Background;
}

const UNKNOWN: Meaning = { end: 'unknown', background: 0 };

/** What the outputs of a model are, by their names. */
export function meaningsOf({ graph, metadata }: Model): ReadonlyMap<string, Meaning> {
  const head = metadata.get(HEAD_KEY);
  const background = parseBackground(metadata.get(BACKGROUND_KEY) ?? '0');
  const meanings = graph.outputs.map(({ name }, index): [string, Meaning] => {
    const end = outputActivation(graph.nodes, name);
    const isStated = index === 0 && end === 'unknown' && (head === 'softmax' || head === 'sigmoid');
    return [name, { end: isStated ? head : end, background }];
  });
  return new Map(meanings);
}

/** What an output gave on every input, which other models are held to. */
export class WantedOutput {
  readonly kind: OutputDifference['kind'];
  readonly largest: number;
  readonly hasMask: boolean;
  /** Which values belong to masks, one a value. */
  readonly inside: (values: ArrayLike<number>, run: number) => Uint8Array;

  /** @param runs one array an input */
  constructor(
    readonly name: string,
    readonly runs: readonly Floats[],
    meaning: Meaning = UNKNOWN,
  ) {
    const { min, max } = rangeOf(runs);
    const threshold = thresholdOf(meaning.end, min, max);
    this.kind = runs.every(isImage) && threshold !== undefined ? 'mask' : 'values';
    const isExclusive = meaning.end === 'softmax' && runs.every(({ dims: [, classes = 1] }) => classes > 1);
    this.inside = (values, run) =>
      isExclusive
        ? mostProbable(values, at(runs, run).dims, meaning.background)
        : Uint8Array.from(values, (value) => Number(value >= (threshold ?? Number.NaN)));
    this.hasMask = this.kind === 'mask' && runs.some(({ data }, run) => this.inside(data, run).includes(1));
    this.largest = Math.max(max, -min);
  }
}

/** 1 where a class is the most probable of its pixel, the lowest of equals, and no background. */
function mostProbable(
  values: ArrayLike<number>,
  [, classes = 1, ...space]: readonly number[],
  background: Background,
): Uint8Array {
  const inside = new Uint8Array(values.length);
  const size = space.reduce((product, side) => product * side, 1);
  for (let image = 0; image < values.length; image += classes * size) {
    for (let pixel = image; pixel < image + size; pixel++) {
      let best = 0;
      for (let label = 1; label < classes; label++) {
        if (at(values, pixel + label * size) > at(values, pixel + best * size)) best = label;
      }
      if (best !== background) inside[pixel + best * size] = 1;
    }
  }
  return inside;
}

/** Counts how an output differs from what is wanted, input by input. */
export class DifferenceCount {
  readonly #wanted: WantedOutput;
  #runs = 0;
  #maxAbs = 0;
  #both = 0;
  #either = 0;

  constructor(wanted: WantedOutput) {
    this.#wanted = wanted;
  }

  /** @param found what the other model gave on the next input */
  add(found: ArrayLike<number>): void {
    const run = this.#runs++;
    const wanted = at(this.#wanted.runs, run).data;
    if (found.length < wanted.length) {
      this.#maxAbs = Number.POSITIVE_INFINITY;
      return;
    }
    for (let i = 0; i < wanted.length; i++) {
      const difference = Math.abs(at(found, i) - at(wanted, i));
      // Also NaN is larger than what is allowed.
      if (!(difference <= this.#maxAbs))
        this.#maxAbs = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }
    if (this.#wanted.kind === 'mask')
      this.#addMasks(this.#wanted.inside(found, run), this.#wanted.inside(wanted, run));
  }

  #addMasks(found: Uint8Array, wanted: Uint8Array): void {
    for (let i = 0; i < wanted.length; i++) {
      const [a, b] = [at(found, i), at(wanted, i)];
      this.#both += 2 * (a & b);
      this.#either += a + b;
    }
  }

  get difference(): OutputDifference {
    const { name, kind, largest } = this.#wanted;
    return {
      ...{ name, kind, maxAbs: this.#maxAbs, largest },
      ...(kind === 'mask' && this.#either > 0 && { dscDrop: 1 - this.#both / this.#either }),
    };
  }
}

function isImage({ dims: [, , height = 1, width = 1, ...more], data }: Floats): boolean {
  return more.length === 0 && height * width > 1 && data.length > 0;
}

function rangeOf(runs: readonly Floats[]): { readonly min: number; readonly max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { data } of runs) {
    for (const value of data) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return { min, max };
}

/** Rounding may pass 0 and 1 by as much. */
const ROUNDING = 1e-3;

/**
 * Where masks are cut: probabilities at 1/2, logits at 0. Where structure does not tell which they are, what is never negative
 * and passes 1 is neither.
 */
function thresholdOf(end: OutputActivation, min: number, max: number): number | undefined {
  if (end === 'sigmoid' || end === 'softmax') return 0.5;
  if (end === 'logits' || min < -ROUNDING) return 0;
  return max <= 1 + ROUNDING ? 0.5 : undefined;
}

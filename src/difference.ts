import type { Floats } from '../runtime/sessions/tensors.js';

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

/** What an output gave on every input, which other models are held to. */
export class WantedOutput {
  readonly kind: OutputDifference['kind'];
  readonly largest: number;
  readonly hasMask: boolean;
  /** Of what belongs to a mask. */
  readonly threshold: number;

  /** @param runs one array an input */
  constructor(
    readonly name: string,
    readonly runs: readonly Floats[],
  ) {
    const { min, max } = rangeOf(runs);
    const threshold = thresholdOf(min, max);
    this.kind = runs.every(isImage) && threshold !== undefined ? 'mask' : 'values';
    this.threshold = threshold ?? Number.NaN;
    this.hasMask = this.kind === 'mask' && max >= this.threshold;
    this.largest = Math.max(max, -min);
  }
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
    const { runs, threshold } = this.#wanted;
    const wanted = runs[this.#runs++]?.data ?? [];
    for (let at = 0; at < wanted.length; at++) {
      const [a, b] = [found[at] ?? Number.NaN, wanted[at] ?? Number.NaN];
      const difference = Math.abs(a - b);
      // Also NaN is larger than what is allowed.
      if (!(difference <= this.#maxAbs))
        this.#maxAbs = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      this.#both += 2 * Number(a >= threshold && b >= threshold);
      this.#either += Number(a >= threshold) + Number(b >= threshold);
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

/** Where masks are cut: probabilities at 1/2, logits at 0. What is never negative and passes 1 is neither. */
function thresholdOf(min: number, max: number): number | undefined {
  if (min < -ROUNDING) return 0;
  return max <= 1 + ROUNDING ? 0.5 : undefined;
}

/** How the outputs of two models differ. */
export interface OutputDifference {
  /** Largest absolute difference of a probability. */
  readonly maxAbs: number;
  /** 1 - DSC of the two models' masks, over all that was compared: what the other model may cost a mask. */
  readonly dscDrop: number;
}

/** Counts how values differ from those that are wanted, array by array. */
export class DifferenceCount {
  #maxAbs = 0;
  #both = 0;
  #either = 0;

  add(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
    const threshold = thresholdOf(wanted);
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
    return { maxAbs: this.#maxAbs, dscDrop: this.#either === 0 ? 0 : 1 - this.#both / this.#either };
  }
}

/** Where a mask is cut: probabilities at 1/2, logits at 0. */
function thresholdOf(values: ArrayLike<number>): number {
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value < -1e-3 || value > 1 + 1e-3) return 0;
  }
  return 0.5;
}

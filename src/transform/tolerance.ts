import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Level } from '../../graph/passes/optimize.js';
import { type Assumption, assumptionsText } from '../../graph/recipe/assumption.js';
import type { Difference, OutputDifference } from './difference.js';
import type { ImageComparison, ImageDifference } from './image-comparison.js';
import type { Precision } from './precision.js';

/** Values may differ by this much, times the largest of their output where that is above 1. */
const ROUNDING: Readonly<Record<Level, number>> = { none: 0, standard: 1e-5, latency: 1e-4 };

/** onnxruntime's own settings differ by as much as its sums take other orders: a rewriting may by this many times as much. */
const SPREADS = 2;
/** What no spread excuses; times the largest of the output, too. */
const MOST = 1e-3;

/** What a lower precision may cost: of masks 1 - DSC, of other outputs a share of their largest value. */
interface Cost {
  readonly dscDrop: number;
  readonly relative: number;
}

const COSTS: Readonly<Record<Exclude<Precision, 'fp32'>, Cost>> = {
  fp16: { dscDrop: 0.0005, relative: 0.01 },
  int8: { dscDrop: 0.003, relative: 0.1 },
  'int8-weights': { dscDrop: 0.003, relative: 0.1 },
};

/** How far a rewritten model may be from what it was made of. */
export class Tolerance {
  /** For values in float32. */
  readonly #rounding: number;
  /** For a lower precision. */
  readonly #cost: Cost | undefined;

  constructor(level: Level, precision: Precision, maxDscDrop?: number) {
    this.#rounding = ROUNDING[level];
    const cost = precision === 'fp32' ? undefined : COSTS[precision];
    this.#cost = cost && { ...cost, dscDrop: maxDscDrop ?? cost.dscDrop };
  }

  /** What is asked for, in words. */
  get asked(): string {
    if (this.#cost === undefined) return `a difference of ${this.#rounding}`;
    const { dscDrop, relative } = this.#cost;
    return `a DSC of ${1 - dscDrop}, or for what are no masks a relative difference of ${relative}`;
  }

  /** How much of what is allowed the worst output takes: up to 1 all is fine. */
  share(difference: Difference): number {
    return Math.max(...difference.outputs.map((output) => this.#shareOf(output)));
  }

  /**
   * @param assumed what was taken for what the model does not say
   * @param areBundled whether the images are no typical ones, but those that come with the package
   * @throws NmodeError (CHECK_FAILED) that names the worst output
   */
  refuse(
    name: string,
    { images, ...difference }: ImageDifference,
    assumed: readonly Assumption[] = [],
    areBundled = false,
  ): void {
    const share = this.share(difference);
    if (share <= 1) return;
    const worst = difference.outputs.find((output) => this.#shareOf(output) === share);
    const mayBeTheImages = areBundled && this.#cost !== undefined && Number.isFinite(share);
    const way = mayBeTheImages ? `; they are bundled, give representative ones with ${option('images')}` : '';
    throw new NmodeError(
      'CHECK_FAILED',
      `${name}: on ${images} images ${worst && this.#text(worst)}${guessText(assumed)}${way}; nothing was written`,
    );
  }

  /**
   * A lower precision is judged by masks, where there could be any.
   * @param by the option by which other images would be given
   * @throws NmodeError (CHECK_FAILED) where none was found
   */
  refuseBlindness(name: string, { wanted, images }: ImageComparison, by: string): void {
    const masks = wanted.filter(({ kind }) => kind === 'mask');
    if (this.#cost === undefined || masks.length === 0 || masks.some(({ hasMask }) => hasMask)) return;
    throw new NmodeError(
      'CHECK_FAILED',
      `${name}: on ${images} images no mask was found, so the loss is unknown: give representative ones with ${option(by)}; nothing was written`,
    );
  }

  #shareOf(output: OutputDifference): number {
    const { maxAbs, dscDrop } = output;
    if (!Number.isFinite(maxAbs)) return maxAbs;
    if (this.#cost === undefined || dscDrop === undefined) return quotient(maxAbs, this.#allowed(output));
    return quotient(dscDrop, this.#cost.dscDrop);
  }

  /** The absolute difference that is allowed where masks do not decide. */
  #allowed({ largest, spread = 0 }: OutputDifference): number {
    if (this.#cost) return this.#cost.relative * largest;
    const unit = Math.max(1, largest);
    return Math.max(this.#rounding * unit, Math.min(SPREADS * spread, MOST * unit));
  }

  /** Whether a difference is beyond what rounding explains, so that onnxruntime's own spread is worth measuring. */
  isMissed(difference: Difference): boolean {
    return this.#cost === undefined && this.share(difference) > 1;
  }

  #text(output: OutputDifference): string {
    const { name, maxAbs, dscDrop, spread } = output;
    if (!Number.isFinite(maxAbs)) return `'${name}' holds NaN or infinity, where the model gives numbers`;
    if (this.#cost === undefined || dscDrop === undefined) {
      const own =
        spread === undefined ? '' : `: onnxruntime's own settings are ${spread.toExponential(1)} apart`;
      return `'${name}' differs by up to ${maxAbs.toExponential(2)}, where ${this.#allowed(output).toExponential(2)} is allowed${own}`;
    }
    return `the masks of '${name}' agree to a DSC of ${(1 - dscDrop).toFixed(5)}, where ${1 - this.#cost.dscDrop} is asked for`;
  }
}

/** Images that a network was not trained on explain much: said where nobody told how they are prepared. */
export function guessText(assumed: readonly Assumption[]): string {
  const recipe = assumed.filter(({ what }) => what === 'recipe');
  if (recipe.length === 0) return '';
  return `; the images were prepared by an assumed ${assumptionsText(recipe)}, and others may agree`;
}

function quotient(found: number, allowed: number): number {
  return found === 0 ? 0 : found / allowed;
}

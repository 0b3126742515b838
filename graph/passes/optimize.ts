import type { Model } from '../ir/model.js';
import { type Rule, rewrite } from '../rewriting/rewrite.js';
import { affineFolding } from './affine-folding.js';
import { affineIntoConvolution } from './affine-into-convolution.js';
import { batchNormFolding } from './batch-norm-folding.js';
import { channelNormalization } from './channel-normalization.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { constantFolding } from './constant-folding.js';
import { convolutionMerging } from './convolution-merging.js';
import { withoutDenormals } from './denormal-weights.js';
import { noOperation } from './no-operation.js';
import { pointwiseProducts } from './pointwise-products.js';
import { resizeProducts } from './resizes.js';
import { thinConvolutions } from './thin-convolutions.js';
import { thinIntegerConvolutions } from './thin-integer-convolutions.js';
import { algorithmOf, TARGETS, type Target } from './winograd/cost.js';
import { winograd } from './winograd/winograd.js';

/** How far a graph is rewritten; what it computes stays the same. */
export const LEVELS = ['none', 'standard', 'latency'] as const;
export type Level = (typeof LEVELS)[number];

export interface OptimizeOptions {
  /** Default `standard`. */
  readonly level?: Level;
  /** Where it is to run; `latency` chooses by it. Default `cpu`. */
  readonly target?: Target;
  /** Store what `latency` would have runtimes compute when they load the model, for those that do not; it is larger. */
  readonly precompute?: boolean;
  /** Whether convolutions are to be quantised afterwards, for kernels of another shape. */
  readonly integers?: boolean;
}

export interface Optimized {
  readonly model: Model;
  /** How often each rule held, by its name. */
  readonly changes: Readonly<Record<string, number>>;
  /** How many weights became zero, since products with what is so small only take time. Reads those that nobody has read so far. */
  countDenormals(): number;
}

interface Pass {
  readonly name: string;
  /** Those that are the faster for it; default all. */
  readonly targets?: readonly Target[];
  /** Default all but `none`. */
  readonly levels?: readonly Level[];
  readonly rule: (options: Required<OptimizeOptions>) => Rule;
}

/** Make a graph smaller, one opening the way for another: repeated until nothing changes. */
const FOLDING: readonly Pass[] = [
  { name: 'constant folding', rule: () => constantFolding },
  { name: 'no operation', rule: () => noOperation },
  { name: 'common subexpressions', rule: commonSubexpressions },
  { name: 'BatchNorm folding', rule: () => batchNormFolding },
  { name: 'affine folding', rule: affineFolding },
  { name: 'affine into convolution', rule: () => affineIntoConvolution },
];

/** Put what a target does faster in the place of what it does slower: each other kernel costs a graphics card more than it wins. */
const SHAPING: readonly Pass[] = [
  { name: 'channel normalization', targets: ['cpu'], rule: () => channelNormalization },
  { name: 'convolution merging', targets: ['cpu', 'wasm'], rule: convolutionMerging },
  {
    name: 'thin convolutions',
    targets: ['cpu'],
    rule: ({ integers }) => (integers ? thinIntegerConvolutions : thinConvolutions),
  },
  { name: 'resize as products', targets: ['cpu'], rule: () => resizeProducts },
  { name: 'pointwise as product', targets: ['cpu'], rule: () => pointwiseProducts },
  {
    name: 'Winograd',
    targets: ['cpu', 'wasm'],
    levels: ['latency'],
    rule: ({ target, precompute }) => winograd({ algorithmOf: algorithmOf(target, precompute), precompute }),
  },
];

/** Folding ends by itself; a crafted graph may take long. */
const MAX_ROUNDS = 20;

/**
 * Rewrites a graph into one that computes the same, faster.
 * @throws NmodeError (BAD_MODEL) for a graph that does not check, and one with subgraphs
 */
export function optimize(model: Model, options: OptimizeOptions = {}): Optimized {
  const { level = 'standard', target = 'cpu', precompute = false, integers = false } = options;
  const chosen = { level, target, precompute, integers };
  if (level === 'none') return { model, changes: {}, countDenormals: () => 0 };
  const changes = new Map<string, number>();
  let current = model;
  const apply = (passes: readonly Pass[]): boolean => {
    const before = current;
    for (const { name, targets = TARGETS, levels = LEVELS, rule } of passes) {
      if (!targets.includes(target) || !levels.includes(level)) continue;
      const rewritten = rewrite(current, rule(chosen));
      if (rewritten.changes === 0) continue;
      current = rewritten.model;
      changes.set(name, (changes.get(name) ?? 0) + rewritten.changes);
    }
    return current !== before;
  };
  for (let round = 0; round < MAX_ROUNDS && apply(FOLDING); round++);
  const { model: normal, count: countDenormals } = withoutDenormals(current);
  current = normal;
  apply(SHAPING);
  return { model: current, changes: Object.fromEntries(changes), countDenormals };
}

import type { Model } from '../ir/model.js';
import { type Rule, rewrite } from '../rewriting/rewrite.js';
import { affineFolding } from './affine-folding.js';
import { affineIntoConvolution } from './affine-into-convolution.js';
import { batchNormFolding } from './batch-norm-folding.js';
import { channelNormalization } from './channel-normalization.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { constantFolding } from './constant-folding.js';
import { convolutionMerging } from './convolution-merging.js';
import { noOperation } from './no-operation.js';
import { pointwiseProducts } from './pointwise-products.js';
import { resizeProducts } from './resize-products.js';
import { thinConvolutions } from './thin-convolutions.js';
import { thinIntegerConvolutions } from './thin-integer-convolutions.js';
import { inputSpecOf, type Target } from './winograd/cost.js';
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
}

interface Pass {
  readonly name: string;
  readonly rule: () => Rule;
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

const MERGING: Pass = { name: 'convolution merging', rule: convolutionMerging };

/** Puts what a target does faster in the place of what it does slower: each other kernel costs a graphics card more than it wins. */
function shaping(target: Target, integers: boolean): readonly Pass[] {
  if (target === 'webgpu') return [];
  if (target === 'wasm') return [MERGING];
  return [
    { name: 'channel normalization', rule: () => channelNormalization },
    MERGING,
    { name: 'thin convolutions', rule: () => (integers ? thinIntegerConvolutions : thinConvolutions) },
    { name: 'resize as products', rule: () => resizeProducts },
    { name: 'pointwise as product', rule: () => pointwiseProducts },
  ];
}

/** Folding ends by itself; a crafted graph may take long. */
const MAX_ROUNDS = 20;

/**
 * Rewrites a graph into one that computes the same, faster.
 * @throws NmodeError (BAD_MODEL) for a graph that does not check, and one with subgraphs
 */
export function optimize(model: Model, options: OptimizeOptions = {}): Optimized {
  const { level = 'standard', target = 'cpu', precompute = false, integers = false } = options;
  if (level === 'none') return { model, changes: {} };
  const changes: Record<string, number> = {};
  let current = model;
  const apply = (passes: readonly Pass[]): boolean => {
    const before = current;
    for (const { name, rule } of passes) {
      const rewritten = rewrite(current, rule());
      if (rewritten.changes === 0) continue;
      current = rewritten.model;
      changes[name] = (changes[name] ?? 0) + rewritten.changes;
    }
    return current !== before;
  };
  for (let round = 0; round < MAX_ROUNDS && apply(FOLDING); round++);
  apply(shaping(target, integers));
  if (level === 'latency') {
    apply([
      {
        name: 'Winograd',
        rule: () => winograd({ inputSpecOf: inputSpecOf(target, precompute), precompute }),
      },
    ]);
  }
  return { model: current, changes };
}

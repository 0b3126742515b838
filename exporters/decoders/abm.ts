import { at } from '../../graph/common/at.js';
import type { Value } from '../../graph/ir/value.js';
import { add } from '../../graph/ops/elementwise.js';
import { FUSEUNET_KEYS } from './keys.js';
import { type Memory, plus, type State, solver, times } from './solver.js';

/** Of f_k, f_{k-1}, ... in an Adams-Bashforth method, by its order from 1 to 4. */
const BASHFORTH = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/** Of f_{k+1}, f_k, f_{k-1}, ... in an Adams-Moulton method, by its order from 2 to 4. */
const MOULTON = [
  [1 / 2, 1 / 2],
  [5 / 12, 8 / 12, -1 / 12],
  [9 / 24, 19 / 24, -5 / 24, 1 / 24],
];

/**
 * Adams-Bashforth-Moulton (FuseUNet, ICML 2025): an explicit step p, then an implicit one in which f at the next step is taken at p. The order
 * grows with the slopes that there are, up to 4. The last step, which has no next feature, is p.
 */
export const adamsBashforthMoulton = solver({
  id: 'abm',
  weights: ['g'],
  options: {
    form: {
      choices: ['release', 'paper'],
      help: "earlier slopes in ABM's steps: those of the release's checkpoints, or of the paper",
    },
  },
  published: {
    order: 'C_R',
    kernel: 1,
    activation: 'none',
    stateChannels: (classes) => 2 * Math.max(classes, 3),
    keys: FUSEUNET_KEYS,
  },
  step(state, { next, delta }, { form }) {
    const earlier = earlierStates(state);
    const taken = form === 'release' ? ofRelease(earlier, next === undefined) : earlier;
    const slopes = [state, ...taken].map(({ f }) => f());
    const predicted = advanced(state.y, delta, BASHFORTH, slopes);
    return next === undefined ? predicted : advanced(state.y, delta, MOULTON, [next.f(predicted), ...slopes]);
  },
});

/** The latest first. */
function earlierStates({ before }: State): readonly State[] {
  return before === undefined ? [] : [before, ...earlierStates(before)];
}

/** With three earlier slopes, the release takes f3, f2, f1 in the last step, f2, f3, f1 in the fourth, and f2, f3, f4 behind it. */
function ofRelease(earlier: readonly State[], isLast: boolean): readonly State[] {
  const [first, second, third, fourth] = earlier.toReversed();
  if (first === undefined || second === undefined || third === undefined) return earlier;
  return isLast ? [third, second, first] : [second, third, fourth ?? first];
}

/** y + delta (w_0 slopes_0 + w_1 slopes_1 + ...), by the method of the highest order that there are slopes for. */
function advanced(
  y: Memory,
  delta: number,
  methods: readonly (readonly number[])[],
  slopes: readonly Value[],
): Value {
  const weights = methods.findLast(({ length }) => length <= slopes.length) ?? [];
  const terms = weights.map((weight, index) => times(delta * weight, at(slopes, index)));
  const change = terms.reduce((sum, term) => add(sum, term));
  return plus(y, change);
}

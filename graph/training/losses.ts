import { at } from '../common/at.js';
import { badUsage } from '../common/errors.js';
import { numbers, shapeText } from '../ir/dim.js';
import { elementCount } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { add, div, mul, sub } from '../ops/elementwise.js';
import { reduceSum } from '../ops/reduce.js';
import { abs, exp, log, logSoftmax, relu, sigmoid, softmax } from '../ops/unary.js';

/** What the values of each place mean: classes that are each there or not, or that exclude each other. */
export type TrainingHead = 'sigmoid' | 'softmax';

/** What a loss compares, all of [N, C, ...space]. */
export interface Prediction {
  readonly logits: Value;
  readonly head: TrainingHead;
  /** What the probabilities should be, from 0 to 1: labels, or those of another network. */
  readonly targets: Value;
}

/** A number that is the smaller, the better a prediction is. */
export type Loss = (prediction: Prediction) => Value;

const everyAxis = ({ shape }: Value) => [...shape.keys()];

/** How many images and places there are, times the classes where `each` is so. */
function countOf({ shape }: Value): { readonly classes: number; readonly places: number } {
  const sizes = numbers(shape);
  if (sizes === undefined || sizes.length < 2) {
    throw badUsage(`logits are ${shapeText(shape)}, expected [N, classes, ...] of sizes that are known`);
  }
  const classes = at(sizes, 1);
  return { classes, places: elementCount(sizes) / classes };
}

/** log(1 + exp x), finite for every x; runtimes compute its parts faster than their Softplus. */
function softplus(x: Value): Value {
  const positive = relu(x);
  return add(positive, log(add(exp(sub(x, mul(positive, 2))), 1)));
}

/**
 * Cross-entropy with soft targets, the mean over images and places: of every class by itself for `sigmoid`
 * (torch.nn.BCEWithLogitsLoss), of all of them for `softmax` (torch.nn.CrossEntropyLoss with probabilities).
 */
export const crossEntropy: Loss = ({ logits, head, targets }) => {
  const { classes, places } = countOf(logits);
  const isBinary = head === 'sigmoid';
  const entropy = isBinary
    ? sub(softplus(logits), mul(targets, logits))
    : mul(mul(targets, logSoftmax(logits, 1)), -1);
  const count = isBinary ? places * classes : places;
  return mul(reduceSum(entropy, everyAxis(logits), false), 1 / count);
};

/** A loss of sums over the images and places of each class, and its mean over classes: a small class counts as much as a large one. */
const meanOverClasses =
  (perClass: (p: Value, t: Value, sum: (value: Value) => Value) => Value): Loss =>
  ({ logits, head, targets }) => {
    const { classes } = countOf(logits);
    const probabilities = head === 'sigmoid' ? sigmoid(logits) : softmax(logits, 1);
    const axes = everyAxis(logits).filter((axis) => axis !== 1);
    const losses = perClass(probabilities, targets, (value) => reduceSum(value, axes, false));
    return mul(reduceSum(losses, [0], false), 1 / classes);
  };

/**
 * Soft Dice loss, 1 - (2 sum p t + smooth) / (sum p + sum t + smooth), sums over the batch; for labels. Of targets between 0 and 1 it is
 * least where p is 0 or 1, not where p is t: `diceSemimetric` is for these.
 * @param smooth keeps a class that is nowhere at 0; in pixels
 */
export const softDice = (smooth = 1): Loss =>
  meanOverClasses((p, t, sum) => {
    const common = mul(sum(mul(p, t)), 2);
    const both = add(sum(p), sum(t));
    return sub(1, div(add(common, smooth), add(both, smooth)));
  });

/**
 * Dice semimetric loss (Wang et al., arXiv 2303.16296), sum |p - t| / (sum p + sum t + smooth), sums over the batch: the soft Dice loss
 * where targets are 0 and 1, and where they are not, 0 for p = t alone.
 * @param smooth keeps a class that is nowhere at 0; in pixels
 */
export const diceSemimetric = (smooth = 1): Loss =>
  meanOverClasses((p, t, sum) => div(sum(abs(sub(p, t))), add(add(sum(p), sum(t)), smooth)));

/** The sum of losses, each with its weight. */
export const weightedSum =
  (parts: readonly (readonly [weight: number, loss: Loss])[]): Loss =>
  (prediction) => {
    const [first, ...others] = parts.map(([weight, loss]) => mul(loss(prediction), weight));
    if (first === undefined) throw badUsage('a sum of no losses: give one at least');
    return others.reduce(add, first);
  };

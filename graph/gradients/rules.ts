import type { GradientRule, Rules } from './rule.js';
import { CONVOLUTIONS } from './rules/convolution.js';
import { ELEMENTWISE } from './rules/elementwise.js';
import { PRODUCTS } from './rules/matmul.js';
import { MOVEMENTS } from './rules/movement.js';
import { NORMALIZATIONS } from './rules/normalization.js';
import { POOLINGS } from './rules/pooling.js';
import { REDUCTIONS } from './rules/reduction.js';
import { resize } from './rules/resize.js';
import { UNARY } from './rules/unary.js';

/** The vector-Jacobian products of every operator that has them. */
const RULES: Rules = {
  ...{ ...CONVOLUTIONS, ...ELEMENTWISE, ...MOVEMENTS, ...NORMALIZATIONS, ...POOLINGS },
  ...{ ...PRODUCTS, ...REDUCTIONS, Resize: resize, ...UNARY },
};

/** The names of all operators that have a gradient. */
export const DIFFERENTIABLE: readonly string[] = Object.keys(RULES).sort();

export const ruleOf = (opType: string): GradientRule | undefined =>
  Object.hasOwn(RULES, opType) ? RULES[opType] : undefined;

import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { type Model, opsetOf, replaceable } from '../../graph/ir/model.js';
import { decided } from '../../graph/lifting/branches.js';
import { frozen, withConstantsAlone } from '../../graph/lifting/freeze.js';
import { inlined } from '../../graph/lifting/inlining.js';
import { LIFTED_OPSET, lift } from '../../graph/lifting/lift.js';
import type { Level } from '../../graph/passes/optimize.js';
import { IR_OF_OPSET } from '../../graph/rewriting/assemble.js';
import type { Precision } from './precision.js';

export interface LiftOptions {
  /** The opset to lift a model to, 13 to 21; default 13 for one that is older, where it is rewritten. */
  readonly opset?: number;
  /** Take initializers that are inputs as well, and may be replaced, for the constants that they are by default. */
  readonly freeze?: boolean;
}

/** What was done to a model before any rule was tried. */
export interface LiftReport {
  /** Why a model that is older than 13 keeps its opset, so that most rules do not hold for it. */
  readonly unlifted?: string;
  /** How many initializers were inputs as well, and are constants now. */
  readonly frozen?: number;
  /** How many nodes called functions of the model, and are what these compute now. */
  readonly calls?: number;
  /** How many `If` were decided, and their branches put in the place of them. */
  readonly branches?: number;
  /** How many are inputs still, which are left alone since they may be replaced. */
  readonly replaceable?: number;
}

/**
 * A model in the form that the rules are written for; as it is where nothing is to be rewritten.
 * @throws NmodeError: BAD_USAGE for an opset that is none to lift to; BAD_MODEL where one that is needed cannot be had
 */
export function lifted(
  given: Model,
  { opset, freeze = false, level, precision }: LiftOptions & { level: Level; precision: Precision },
): LiftReport & { readonly model: Model } {
  const from = opsetOf(given);
  if (opset !== undefined) refuseOpset(opset, from);
  const isRewritten = level !== 'none' || precision !== 'fp32';
  const inputs = replaceable(given).size;
  const constant = freeze ? frozen(given) : isRewritten ? withConstantsAlone(given) : given;
  const { model: called, calls } = isRewritten ? inlined(constant) : { model: constant, calls: 0 };
  const { model, branches } = isRewritten ? decided(called) : { model: called, branches: 0 };
  const weights = inputs === 0 ? {} : freeze ? { frozen: inputs } : { replaceable: inputs };
  const to = opset ?? (isRewritten ? Math.max(LIFTED_OPSET, from) : from);
  const done = { ...weights, ...(calls > 0 && { calls }), ...(branches > 0 && { branches }) };
  if (to === from) return { model, ...done };
  try {
    return { model: lift(model, to), ...done };
  } catch (error) {
    const isNeeded = opset !== undefined || precision === 'int8';
    if (isNeeded || !(error instanceof NmodeError)) throw error;
    return { model, unlifted: reason(error), ...done };
  }
}

function refuseOpset(opset: number, from: number): void {
  const known = [...IR_OF_OPSET.keys()];
  if (!known.includes(opset)) throw badUsage(`opset ${opset}, expected ${known[0]} to ${known.at(-1)}`);
  if (opset < from) {
    throw badUsage(`opset ${opset} is before the model's ${from}: models are lifted, never lowered`);
  }
}

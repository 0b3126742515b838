import { at } from '../../../graph/common/at.js';
import { int64List, scope, type Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { pad } from '../../../graph/ops/pad.js';
import { activate } from '../../nn/activations.js';
import {
  add,
  averagePool2d,
  batchNorm2d,
  conv2d,
  convTranspose2d,
  groupNorm,
  instanceNorm2d,
  maxPool2d,
  prelu,
  upsampleBilinear,
  upsampleNearest,
} from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import { type Network, networkOf, valuesOf } from '../backbone.js';
import { type Choices, isOfDownsampling, isOfUpsampling } from './choices.js';
import type { Norm, Unit } from './modules.js';
import { IMAGE, identityFrom, isStrided, type Stage } from './stage.js';
import type { Wiring } from './wiring.js';

export interface Plain {
  readonly wiring: Wiring;
  readonly choices: Choices;
}

/** What backbones of this kind are called, in metadata and messages. */
export const PLAIN_ID = 'plain_unet';

/** The network of a wiring and of what was chosen for it: its levels are features, what is behind the bottom is its decoder. */
export function networkOfPlain(plain: Plain, id: string, variant: Readonly<Record<string, string>>): Network {
  const { stages, depth, bottom } = plain.wiring;
  const encoder = {
    backbone: id,
    inputChannels: at(stages, 0).input,
    features: (input: Value, weights: Weights) => encode(plain, input, weights),
  };
  if (bottom === stages.length - 1) return networkOf(encoder);
  return networkOf({
    ...encoder,
    own: {
      classes: at(stages, stages.length - 1).output,
      multiple: 2 ** depth,
      variant,
      logits: (skips, weights) => decode(plain, valuesOf(skips), weights),
    },
  });
}

/** The features, shallow to deep. input [N, C, H, W]. */
export function encode(plain: Plain, input: Value, weights: Weights): readonly Value[] {
  const { bottom, features } = plain.wiring;
  return features.map(run({ ...plain, weights }, 0, bottom, input, new Map([[IMAGE, input]])));
}

/** The logits of features. */
export function decode(plain: Plain, features: readonly Value[], weights: Weights): Value {
  const { wiring } = plain;
  const known = new Map(wiring.features.map((stage, level) => [stage, at(features, level)]));
  const last = wiring.stages.length - 1;
  const deepest = at(features, features.length - 1);
  return run({ ...plain, weights }, wiring.bottom + 1, last, deepest, known)(last);
}

interface Context extends Plain {
  readonly weights: Weights;
}

/** Runs stages on what stands before them. @param known outputs of stages before, as they are joined */
function run(context: Context, from: number, to: number, input: Value, known: Map<number, Value>) {
  const { wiring, choices } = context;
  const inputs = new Map<number, Value>();
  let x = input;
  for (let index = from; index <= to; index++) {
    const stage = at(wiring.stages, index);
    if (stage.doubled) x = double(x, stage, context);
    if (stage.skip !== undefined) {
      const skip = outputOf(known, stage.skip);
      x = concat(choices.join === 'skip-first' ? [skip, x] : [x, skip], 1);
    }
    inputs.set(index, x);
    x = runStage(context, index, x, inputs);
    if (stage.plus !== undefined) x = add(x, outputOf(known, stage.plus));
    const next = wiring.stages[index + 1];
    const isPooled = stage.pooled !== undefined && !isStrided(next) && choices.pooling !== 'stride';
    const pooled = isPooled ? pool(x, stage, context) : x;
    known.set(index, stage.pooled === 'into-skip' || index === wiring.bottom ? pooled : x);
    x = pooled;
  }
  return (index: number) => outputOf(known, index);
}

function outputOf(known: ReadonlyMap<number, Value>, index: number): Value {
  const value = known.get(index);
  if (value === undefined) throw new TypeError(`stage ${index} has no output`);
  return value;
}

/** A convolution with what stands by it, and the sum at the end of a residual block. */
function runStage(context: Context, index: number, x: Value, inputs: ReadonlyMap<number, Value>): Value {
  const { wiring, choices } = context;
  const { stages } = wiring;
  const stage = at(stages, index);
  const { unit, shortcut } = stage;
  const isHead = index === stages.length - 1 && index > wiring.bottom;
  const isUp = isOfUpsampling(wiring, index) && unit.after === undefined && choices.up === 'bare-up';
  const isDown = choices.down === 'bare-down' && isOfDownsampling(wiring, index);
  const isActive = !isHead && !isUp && !isDown;
  const isNormed = !isHead && !isOfUpsampling(wiring, index);
  const strides = index > 0 && isReduced(context, index) ? 2 : 1;
  const convolved = convolve(before(x, unit, context), stage, strides, context);
  const identity = identityOf(context, index);
  if (shortcut === undefined && identity === undefined) {
    return after(convolved, unit, context, isActive && !unit.before, isNormed);
  }
  const from = shortcut?.from ?? identity ?? index;
  const input = inputs.get(from);
  if (input === undefined) throw new TypeError(`stage ${from} has no input`);
  const stride = isReduced(context, from) ? 2 : 1;
  const side = shortcut === undefined ? input : branch(input, shortcut.unit, stride, context);
  const sum = add(after(convolved, unit, context, choices.sum === 'act-sum', isNormed), side);
  return choices.sum === 'sum-act' ? act(sum, unit, context) : sum;
}

/** The stage whose input is added as it is, where blocks that keep channels and resolution have that. */
function identityOf(plain: Plain, index: number): number | undefined {
  if (plain.choices.identity === 'no-identity') return undefined;
  const from = identityFrom(plain.wiring.stages, index);
  return from === undefined || isReduced(plain, from) ? undefined : from;
}

/** Whether a stage takes the stride that stands in a pooling's place. */
function isReduced({ wiring: { stages }, choices }: Plain, index: number): boolean {
  const isStriding = choices.pooling === 'stride' || isStrided(stages[index]);
  return stages[index - 1]?.pooled !== undefined && isStriding;
}

function double(x: Value, { unit }: Stage, { choices: { upsampling }, weights }: Context): Value {
  const place = weights.scope(`${unit.path}.upsample`);
  if (upsampling === 'nearest') return upsampleNearest(x, place, 2);
  return upsampleBilinear(x, place, 2, upsampling === 'bilinear-corners');
}

function pool(x: Value, { unit }: Stage, { choices: { pooling }, weights }: Context): Value {
  const place = weights.scope(`${unit.path}.pool`);
  if (pooling === 'max-3') return maxPool2d(x, place, 3, 2, 1);
  return pooling === 'average' ? averagePool2d(x, place, 2) : maxPool2d(x, place, 2);
}

function convolve(
  x: Value,
  { unit, transposed, output }: Stage,
  stride: number,
  { weights }: Context,
): Value {
  const inner = weights.scope(unit.path);
  const [, , kernel] = unit.shape;
  const bias = unit.bias !== undefined;
  const padding = Math.floor((kernel - 1) / 2);
  if (transposed) {
    return convTranspose2d(x, inner, output, kernel, { stride: 2, padding, outputPadding: kernel % 2, bias });
  }
  if (kernel % 2 === 0 && stride === 1) {
    const [less, more] = [kernel / 2 - 1, kernel / 2];
    const around = int64List([0, 0, less, less, 0, 0, more, more]);
    const surrounded = scope(inner.path, () => pad(x, around));
    return conv2d(surrounded, inner, output, kernel, { padding: 0, bias });
  }
  return conv2d(x, inner, output, kernel, { stride, padding, bias });
}

/** Norm and activation in front of a convolution, in pre-activation networks. */
function before(x: Value, unit: Unit, context: Context): Value {
  return unit.before === undefined ? x : act(normalize(x, unit.before, context), unit, context);
}

/** @param isNormed whether a norm without weights may stand here */
function after(x: Value, unit: Unit, context: Context, isActive: boolean, isNormed: boolean): Value {
  const { choices, weights } = context;
  const norm = (value: Value) => {
    if (unit.after !== undefined) return normalize(value, unit.after, context);
    if (choices.hidden === 'no-norm' || !isNormed) return value;
    return instanceNorm2d(value, weights.scope(`${unit.path}.norm`), undefined, false);
  };
  const active = (value: Value) => (isActive ? act(value, unit, context) : value);
  return choices.order === 'norm-act' ? active(norm(x)) : norm(active(x));
}

/** A shortcut's convolution, which no activation follows. */
function branch(x: Value, unit: Unit, stride: number, context: Context): Value {
  const options = { stride, bias: unit.bias !== undefined, padding: 0 };
  const taken = unit.before === undefined ? x : normalize(x, unit.before, context);
  const convolved = conv2d(taken, context.weights.scope(unit.path), unit.shape[0], 1, options);
  return unit.after === undefined ? convolved : normalize(convolved, unit.after, context);
}

function normalize(x: Value, { path, kind }: Norm, { choices: { norm }, weights }: Context): Value {
  const inner = weights.scope(path);
  if (kind === 'batch') return batchNorm2d(x, inner);
  if (norm === 'instance') return instanceNorm2d(x, inner);
  return groupNorm(x, inner, Number(norm.slice('group-'.length)));
}

function act(x: Value, unit: Unit, { choices: { activation }, weights }: Context): Value {
  if (unit.slopes !== undefined) return prelu(x, weights.scope(unit.slopes.path), unit.slopes.count);
  return scope(`${unit.path}.act`, () =>
    activate(x, weights.settings.take('backboneActivation', activation)),
  );
}

import { at } from '../../../graph/common/at.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, scope, type Value } from '../../../graph/ir/value.js';
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
  const known = new Map([[IMAGE, input]]);
  const outputs = run(plain, { from: 0, to: plain.wiring.bottom }, input, known, weights);
  return plain.wiring.features.map(outputs);
}

/** The logits of features. */
export function decode(plain: Plain, features: readonly Value[], weights: Weights): Value {
  const { wiring } = plain;
  const known = new Map(wiring.features.map((stage, level) => [stage, at(features, level)]));
  const last = wiring.stages.length - 1;
  return run(
    plain,
    { from: wiring.bottom + 1, to: last },
    at(features, features.length - 1),
    known,
    weights,
  )(last);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Runs stages on what stands before them. @param known outputs of stages before, as they are joined */
function run(plain: Plain, { from, to }: Range, input: Value, known: Map<number, Value>, weights: Weights) {
  const { wiring, choices } = plain;
  const inputs = new Map<number, Value>();
  let x = input;
  for (let index = from; index <= to; index++) {
    const stage = at(wiring.stages, index);
    if (stage.doubled) x = double(x, stage, choices, weights);
    if (stage.skip !== undefined) {
      const skip = outputOf(known, stage.skip);
      x = concat(choices.join === 'skip-first' ? [skip, x] : [x, skip], 1);
    }
    inputs.set(index, x);
    x = runStage(plain, index, x, inputs, weights);
    if (stage.plus !== undefined) x = add(x, outputOf(known, stage.plus));
    const next = wiring.stages[index + 1];
    const isPooled = stage.pooled !== undefined && !isStrided(next) && choices.pooling !== 'stride';
    const pooled = isPooled ? pool(x, stage, choices, weights) : x;
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
function runStage(
  plain: Plain,
  index: number,
  x: Value,
  inputs: ReadonlyMap<number, Value>,
  weights: Weights,
): Value {
  const { wiring, choices } = plain;
  const { stages } = wiring;
  const stage = at(stages, index);
  const isHead = index === stages.length - 1 && index > wiring.bottom;
  const isUp = isOfUpsampling(wiring, index) && stage.unit.after === undefined && choices.up === 'bare-up';
  const isDown = choices.down === 'bare-down' && isOfDownsampling(wiring, index);
  const isActive = !isHead && !isUp && !isDown;
  const isNormed = !isHead && !isOfUpsampling(wiring, index);
  const strides = index > 0 && isReduced(wiring, index, choices) ? 2 : 1;
  const convolved = convolve(before(x, stage.unit, choices, weights), stage, strides, weights);
  const { shortcut } = stage;
  const identity = identityOf(plain, index);
  if (shortcut === undefined && identity === undefined)
    return after(
      convolved,
      stage.unit,
      choices,
      { isActive: isActive && !stage.unit.before, isNormed },
      weights,
    );
  const from = shortcut?.from ?? identity ?? index;
  const input = inputs.get(from);
  if (input === undefined) throw new TypeError(`stage ${from} has no input`);
  const stride = isReduced(wiring, from, choices) ? 2 : 1;
  const side = shortcut === undefined ? input : branch(input, shortcut.unit, choices, stride, weights);
  const isBefore = choices.sum === 'act-sum';
  const main = after(convolved, stage.unit, choices, { isActive: isBefore, isNormed }, weights);
  const sum = add(main, side);
  return choices.sum === 'sum-act' ? act(sum, stage.unit, choices, weights) : sum;
}

/** The stage whose input is added as it is, where blocks that keep channels and resolution have that. */
function identityOf({ wiring, choices }: Plain, index: number): number | undefined {
  if (choices.identity === 'no-identity') return undefined;
  const from = identityFrom(wiring.stages, index);
  return from === undefined || isReduced(wiring, from, choices) ? undefined : from;
}

/** Whether a stage takes the stride that stands in a pooling's place. */
function isReduced({ stages }: Wiring, index: number, { pooling }: Choices): boolean {
  return stages[index - 1]?.pooled !== undefined && (pooling === 'stride' || isStrided(stages[index]));
}

function double(x: Value, { unit }: Stage, { upsampling }: Choices, weights: Weights): Value {
  const place = weights.scope(`${unit.path}.upsample`);
  if (upsampling === 'nearest') return upsampleNearest(x, place, 2);
  return upsampleBilinear(x, place, 2, upsampling === 'bilinear-corners');
}

function pool(x: Value, { unit }: Stage, { pooling }: Choices, weights: Weights): Value {
  if (pooling === 'max-3') return maxPool2d(x, weights.scope(`${unit.path}.pool`), 3, 2, 1);
  const layer = pooling === 'average' ? averagePool2d : maxPool2d;
  return layer(x, weights.scope(`${unit.path}.pool`), 2);
}

function convolve(x: Value, { unit, transposed, output }: Stage, stride: number, weights: Weights): Value {
  const inner = weights.scope(unit.path);
  const [, , kernel] = unit.shape;
  const bias = unit.bias !== undefined;
  if (transposed) {
    const padding = Math.floor((kernel - 1) / 2);
    return convTranspose2d(x, inner, output, kernel, { stride: 2, padding, outputPadding: kernel % 2, bias });
  }
  if (kernel % 2 === 0 && stride === 1) {
    const [less, more] = [kernel / 2 - 1, kernel / 2];
    const around = constant(int64Tensor([8], [0, 0, less, less, 0, 0, more, more]));
    return conv2d(
      scope(inner.path, () => pad(x, around)),
      inner,
      output,
      kernel,
      { padding: 0, bias },
    );
  }
  return conv2d(x, inner, output, kernel, { stride, padding: Math.floor((kernel - 1) / 2), bias });
}

/** Norm and activation in front of a convolution, in pre-activation networks. */
function before(x: Value, unit: Unit, choices: Choices, weights: Weights): Value {
  if (unit.before === undefined) return x;
  return act(normalize(x, unit.before, choices, weights), unit, choices, weights);
}

/** @param isNormed whether a norm without weights may stand here */
function after(
  x: Value,
  unit: Unit,
  choices: Choices,
  { isActive, isNormed }: { readonly isActive: boolean; readonly isNormed: boolean },
  weights: Weights,
): Value {
  const norm = (value: Value) => {
    if (unit.after !== undefined) return normalize(value, unit.after, choices, weights);
    if (choices.hidden === 'no-norm' || !isNormed) return value;
    return instanceNorm2d(value, weights.scope(`${unit.path}.norm`), undefined, false);
  };
  const active = (value: Value) => (isActive ? act(value, unit, choices, weights) : value);
  return choices.order === 'norm-act' ? active(norm(x)) : norm(active(x));
}

/** A shortcut's convolution, which no activation follows. */
function branch(x: Value, unit: Unit, choices: Choices, stride: number, weights: Weights): Value {
  const inner = weights.scope(unit.path);
  const options = { stride, bias: unit.bias !== undefined, padding: 0 };
  const taken = unit.before === undefined ? x : normalize(x, unit.before, choices, weights);
  const convolved = conv2d(taken, inner, unit.shape[0], 1, options);
  return unit.after === undefined ? convolved : normalize(convolved, unit.after, choices, weights);
}

function normalize(x: Value, { path, kind }: Norm, { norm }: Choices, weights: Weights): Value {
  const inner = weights.scope(path);
  if (kind === 'batch') return batchNorm2d(x, inner);
  if (norm === 'instance') return instanceNorm2d(x, inner);
  return groupNorm(x, inner, Number(norm.slice('group-'.length)));
}

function act(x: Value, unit: Unit, { activation }: Choices, weights: Weights): Value {
  if (unit.slopes !== undefined) return prelu(x, weights.scope(unit.slopes.path), unit.slopes.count);
  return scope(`${unit.path}.act`, () =>
    activate(x, weights.settings.take('backboneActivation', activation)),
  );
}

import { parseDecimal } from '../../graph/common/decimal.js';
import type { Value } from '../../graph/ir/value.js';
import {
  clip,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  tanh,
} from '../../graph/ops/unary.js';

/** PyTorch's defaults: LeakyReLU's negative slope, ELU's alpha. */
const [SLOPE, ALPHA] = [0.01, 1];

/** torch.nn.ReLU and its like, as layers name them; the second argument is LeakyReLU's slope or ELU's alpha. */
export const LAYER_ACTIVATIONS = {
  relu,
  relu6: (x: Value) => clip(x, 0, 6),
  leakyRelu: (x: Value, slope = SLOPE) => leakyRelu(x, slope),
  elu: (x: Value, alpha = ALPHA) => elu(x, alpha),
  tanh,
  sigmoid,
  hardSigmoid,
  hardSwish,
  silu,
  gelu,
} as const;
export type LayerActivation = keyof typeof LAYER_ACTIVATIONS;

/** Those that may stand in each other's place, as options name them. sigmoid and hardSigmoid are gates: they weigh features. */
const NAMES = {
  relu: 'relu',
  relu6: 'relu6',
  leakyRelu: 'leaky-relu',
  elu: 'elu',
  gelu: 'gelu',
  silu: 'silu',
  hardSwish: 'hard-swish',
  tanh: 'tanh',
} as const satisfies Partial<Record<LayerActivation, string>>;
export type Exchangeable = keyof typeof NAMES;
const EXCHANGEABLE = Object.keys(NAMES) as readonly Exchangeable[];

const PARAMETRIC = ['leakyRelu', 'elu'] as const;
export type Parametric = (typeof NAMES)[(typeof PARAMETRIC)[number]];

/** `leaky-relu` has PyTorch's slope of 0.01 and `elu` its alpha of 1; `leaky-relu:0.2` another. */
export type ActivationName = (typeof NAMES)[Exchangeable] | `${Parametric}:${number}`;

/** For messages and `--help`. */
export const ACTIVATION_CHOICES =
  'relu, relu6, leaky-relu[:slope], elu[:alpha], gelu, silu, hard-swish or tanh';

export function isExchangeable(kind: LayerActivation): kind is Exchangeable {
  return Object.hasOwn(NAMES, kind);
}

export const activationName = (kind: Exchangeable): ActivationName => NAMES[kind];

function parse(text: string) {
  const [name, ...parameters] = text.split(':');
  const kind = EXCHANGEABLE.find((known) => NAMES[known] === name);
  const [parameter] = parameters.map((number) => parseDecimal(number) ?? Number.NaN);
  if (kind === undefined || parameters.length > 1) return undefined;
  if (parameter === undefined) return { kind };
  const fits = Number.isFinite(parameter) && PARAMETRIC.some((known) => known === kind);
  return fits ? { kind, parameter } : undefined;
}

export const isActivationName = (text: string): text is ActivationName => parse(text) !== undefined;

/** The activation of this name. */
export function activate(x: Value, name: ActivationName): Value {
  const parsed = parse(name);
  if (parsed === undefined) throw new TypeError(`no activation '${name}'`);
  return LAYER_ACTIVATIONS[parsed.kind](x, parsed.parameter);
}

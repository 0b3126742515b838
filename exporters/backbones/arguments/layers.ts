import type { Value } from '../../../graph/ir/value.js';
import { add, mul } from '../../../graph/ops/elementwise.js';
import { exp, log, sigmoid, tanh } from '../../../graph/ops/unary.js';
import { type ActivationName, activate } from '../../nn/activations.js';
import { activation, channelsOf, gelu, groupNorm, prelu } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import { within } from '../../nn/within.js';
import { normalized } from '../norm.js';
import type { Arguments } from './arguments.js';
import { knownText } from './extras.js';

/** A layer without sizes of its own, with its weights at `weights`. */
export type Layer = (x: Value, weights: Weights) => Value;

/** How MONAI names a layer: `"prelu"`, or `["leakyrelu", {"negative_slope": 0.1}]`. */
interface Spec {
  readonly name: string;
  readonly options: Options;
}

/** The options of a layer's class; each is asked for by its name. */
class Options {
  readonly #asked = new Set<string>();

  constructor(
    readonly values: Readonly<Record<string, unknown>>,
    readonly bad: (expected: string) => Error,
  ) {}

  number(name: string, otherwise: number): number {
    this.#asked.add(name);
    const value = this.values[name] ?? otherwise;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.bad(`${name} to be a number`);
  }

  flag(name: string, otherwise: boolean): boolean {
    this.#asked.add(name);
    const value = this.values[name] ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw this.bad(`${name} to be true or false`);
  }

  /** @param idle those that change nothing at inference */
  refuseOthers(idle: readonly string[]): void {
    const other = Object.keys(this.values).find((name) => !this.#asked.has(name) && !idle.includes(name));
    if (other !== undefined) throw this.bad(`it without ${other.slice(0, 60)}`);
  }
}

/** Undefined where there is no layer. */
function specOf(args: Arguments, argument: string, otherwise: unknown): Spec | undefined {
  const value = args.has(argument) ? args.value(argument) : otherwise;
  if (value === undefined || value === null || value === '') return undefined;
  const bad = (expected: string) => args.fault([argument], expected, otherwise);
  const [name, options = {}] = Array.isArray(value) ? value : [value];
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (typeof name !== 'string' || !isObject) throw bad('a name, or a list of a name and its options');
  return { name: name.toLowerCase(), options: new Options(options, bad) };
}

const softplus = (x: Value): Value => log(add(exp(x), 1));

/** Activations that may stand in each other's place (`backboneActivation`). */
const exchangeable =
  (name: ActivationName): Layer =>
  (x, weights) =>
    within(weights, () => activate(x, weights.settings.take('backboneActivation', name)));

const ACTS: Readonly<Record<string, (options: Options) => Layer>> = {
  relu: () => exchangeable('relu'),
  relu6: () => exchangeable('relu6'),
  leakyrelu: (options) => exchangeable(`leaky-relu:${options.number('negative_slope', 0.01)}`),
  elu: (options) => exchangeable(`elu:${options.number('alpha', 1)}`),
  prelu(options) {
    const slopes = options.number('num_parameters', 1);
    return (x, weights) => {
      if (slopes === 1 || slopes === channelsOf(x)) return prelu(x, weights, slopes);
      throw options.bad(`num_parameters to be 1 or the ${channelsOf(x)} channels of ${weights.path}`);
    };
  },
  gelu: () => gelu,
  sigmoid: () => (x, weights) => activation('sigmoid', x, weights),
  tanh: () => exchangeable('tanh'),
  swish(options) {
    const alpha = options.number('alpha', 1);
    return alpha === 1
      ? exchangeable('silu')
      : (x, weights) => within(weights, () => mul(x, sigmoid(mul(x, alpha))));
  },
  memswish: () => exchangeable('silu'),
  mish: () => (x, weights) => within(weights, () => mul(x, tanh(softplus(x)))),
};

const EPSILON = 1e-5;

const instance = (options: Options): Layer => {
  const norm = {
    type: 'instancenorm',
    eps: options.number('eps', EPSILON),
    affine: options.flag('affine', false),
    tracked: options.flag('track_running_stats', false),
  } as const;
  return (x, weights) => normalized(x, weights, norm);
};

const batch = (options: Options): Layer => {
  const norm = {
    type: 'batchnorm',
    eps: options.number('eps', EPSILON),
    affine: options.flag('affine', true),
    tracked: options.flag('track_running_stats', true),
  } as const;
  if (norm.tracked) return (x, weights) => normalized(x, weights, norm);
  throw options.bad('track_running_stats to be true: without, what one image gives depends on its batch');
};

const NORMS: Readonly<Record<string, (options: Options) => Layer>> = {
  instance,
  instance_nvfuser: instance,
  batch,
  syncbatch: batch,
  group(options) {
    const groups = options.number('num_groups', 0);
    const [eps, affine] = [options.number('eps', EPSILON), options.flag('affine', true)];
    return (x, weights) => {
      const channels = channelsOf(x);
      if (groups > 0 && channels % groups === 0) return groupNorm(x, weights, groups, eps, affine);
      throw options.bad(`num_groups to divide the ${channels} channels of ${weights.path}`);
    };
  },
};

/**
 * The layer that an argument names; undefined for none.
 * @param idle options that change nothing at inference
 * @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for one that is not written
 */
function layerOf(
  args: Arguments,
  argument: string,
  otherwise: unknown,
  makers: Readonly<Record<string, (options: Options) => Layer>>,
  idle: readonly string[],
): Layer | undefined {
  const spec = specOf(args, argument, otherwise);
  if (spec === undefined) return undefined;
  const make = Object.hasOwn(makers, spec.name) ? makers[spec.name] : undefined;
  if (make === undefined) {
    throw args.fault([argument], knownText(spec.name, Object.keys(makers)), otherwise);
  }
  const layer = make(spec.options);
  spec.options.refuseOthers(idle);
  return layer;
}

/** `act`, an activation. Of PReLU `init` is what its training began with; GELU is the exact one. */
export const actOf = (args: Arguments, argument: string, otherwise: unknown): Layer | undefined =>
  layerOf(args, argument, otherwise, ACTS, ['inplace', 'init']);

/** `norm`, a normalization. */
export const normOf = (args: Arguments, argument: string, otherwise: unknown): Layer | undefined =>
  layerOf(args, argument, otherwise, NORMS, ['momentum', 'num_features', 'num_channels']);

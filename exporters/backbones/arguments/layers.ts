import type { Value } from '../../../graph/ir/value.js';
import { exp, log, sigmoid, tanh } from '../../../graph/ops/unary.js';
import { type ActivationName, activate } from '../../nn/activations.js';
import { activation, add, channelsOf, gelu, groupNorm, mul, prelu } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import { within } from '../../nn/within.js';
import { type Norm, normalized } from '../norm.js';
import type { Arguments } from './arguments.js';
import { isFields, knownText } from './extras.js';

/** A layer without sizes of its own, with its weights at `weights`. */
export type Layer = (x: Value, weights: Weights) => Value;

/** What follows the convolutions of a network. */
export interface Following {
  readonly norm: Layer;
  readonly act: Layer;
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

const softplus = (x: Value): Value => log(add(exp(x), 1));

/** Activations that may stand in each other's place (`backboneActivation`). */
const exchangeable =
  (name: ActivationName): Layer =>
  (x, weights) =>
    within(weights, () => activate(x, weights.settings.take('backboneActivation', name)));

type Makers = Readonly<Record<string, (options: Options) => Layer>>;

const ACTS: Makers = {
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

/** By default BatchNorm has weights and running statistics, and InstanceNorm neither. */
const normBy = (options: Options, type: Norm['type']): Norm => ({
  type,
  eps: options.number('eps', EPSILON),
  affine: options.flag('affine', type === 'batchnorm'),
  tracked: options.flag('track_running_stats', type === 'batchnorm'),
});

const instance = (options: Options): Layer => {
  const norm = normBy(options, 'instancenorm');
  return (x, weights) => normalized(x, weights, norm);
};

const batch = (options: Options): Layer => {
  const norm = normBy(options, 'batchnorm');
  if (norm.tracked) return (x, weights) => normalized(x, weights, norm);
  throw options.bad('track_running_stats to be true: without, what one image gives depends on its batch');
};

const NORMS: Makers = {
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

/** What stands in a layer's place where there is none. */
export const NO_LAYER: Layer = (x) => x;

/**
 * The layer that an argument names, as MONAI does: `"prelu"`, or `["leakyrelu", {"negative_slope": 0.1}]`.
 * @param idle options that change nothing at inference
 * @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for one that is not written
 */
function layerOf(
  args: Arguments,
  argument: string,
  otherwise: unknown,
  makers: Makers,
  idle: readonly string[],
): Layer {
  const value = args.has(argument) ? args.value(argument) : otherwise;
  if (value === undefined || value === null || value === '') return NO_LAYER;
  const bad = (expected: string) => args.fault([argument], expected, otherwise);
  const [given, values = {}] = Array.isArray(value) ? value : [value];
  if (typeof given !== 'string' || !isFields(values)) {
    throw bad('a name, or a list of a name and its options');
  }
  const name = given.toLowerCase();
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make === undefined) throw bad(knownText(name, Object.keys(makers)));
  const options = new Options(values, bad);
  const layer = make(options);
  options.refuseOthers(idle);
  return layer;
}

/** `act`, an activation. Of PReLU `init` is what its training began with; GELU is the exact one. */
export const actOf = (args: Arguments, argument: string, otherwise: unknown): Layer =>
  layerOf(args, argument, otherwise, ACTS, ['inplace', 'init']);

/** `norm`, a normalization. */
export const normOf = (args: Arguments, argument: string, otherwise: unknown): Layer =>
  layerOf(args, argument, otherwise, NORMS, ['momentum', 'num_features', 'num_channels']);

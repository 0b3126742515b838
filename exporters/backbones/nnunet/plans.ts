import { closestText } from '../../../graph/common/closest.js';
import { option } from '../../../graph/common/option.js';
import { textOf } from '../arguments/arguments.js';
import { badText, type Fields, isFields, jsonIn } from '../arguments/extras.js';
import type { Extras, NamedArguments } from '../backbone.js';
import { type Dataset, datasetOf } from './dataset.js';

/** A network's class and what it is called with. */
export interface PlannedNetwork {
  /** Without the module that it is in. */
  readonly className: string;
  /** `arch_kwargs`. */
  readonly arguments: NamedArguments;
}

/** What nnU-Net's plans and dataset.json say of one configuration, as its training left them. */
export interface Plan {
  /** What messages call it. */
  readonly place: string;
  /** What they call the plans that it is one of. */
  readonly file: string;
  /** Such as `2d` or `3d_fullres`. */
  readonly configuration: string;
  /** Its own fields and those that it inherits. */
  readonly settings: Fields;
  /** What holds for all configurations. */
  readonly plans: Fields;
  readonly network: PlannedNetwork;
  /** Undefined where it is said nowhere. */
  readonly dataset: Dataset | undefined;
  /** The class that it was trained by: some change the network. */
  readonly trainer: string | undefined;
  /** Axes of space that images may be mirrored along at inference; undefined where nobody says it. */
  readonly mirroringAxes: readonly number[] | undefined;
}

const known = new WeakMap<Extras, Map<string | undefined, Plan | undefined>>();

/**
 * The plan of what stands beside the weights, or in the checkpoint itself; undefined where there is none. A folder's plans.json and
 * dataset.json go before those in the checkpoint, as in nnU-Net.
 * @param configuration which one, where the checkpoint does not say it
 * @throws NmodeError (BAD_CHECKPOINT) for plans that nnU-Net could not use, and where it is open which configuration it is
 */
export function planIn(extras: Extras, configuration?: string): Plan | undefined {
  const plans = known.get(extras) ?? new Map<string | undefined, Plan | undefined>();
  known.set(extras, plans);
  if (!plans.has(configuration)) plans.set(configuration, readIn(extras, configuration));
  return plans.get(configuration);
}

function readIn(extras: Extras, given: string | undefined): Plan | undefined {
  const init = jsonIn(extras, 'init_args');
  const held: Fields = isFields(init) ? init : {};
  const beside = jsonIn(extras, 'plans.json');
  const [file, plans] = beside === undefined ? ['init_args.plans', held.plans] : ['plans.json', beside];
  if (plans === undefined) return undefined;
  if (!isFields(plans) || !isFields(plans.configurations)) {
    throw badText(file, 'it has no configurations: expected the plans of nnU-Net, version 2');
  }
  const configuration = given ?? chosen(file, plans.configurations, held.configuration);
  const place = `${file}, configuration ${configuration.slice(0, 60)}`;
  const settings = inherited(file, plans.configurations, configuration);
  const dataset = jsonIn(extras, 'dataset.json') ?? held.dataset_json;
  const trainer = jsonIn(extras, 'trainer_name');
  const axes = jsonIn(extras, 'inference_allowed_mirroring_axes');
  return {
    ...{ place, file, configuration, settings, plans, network: networkOf(place, settings) },
    dataset: dataset === undefined ? undefined : datasetOf('dataset.json', dataset),
    trainer: typeof trainer === 'string' ? trainer : undefined,
    mirroringAxes: axes === null ? [] : isAxes(axes) ? axes : undefined,
  };
}

const isAxes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((axis) => axis === 0 || axis === 1 || axis === 2);

/** The configuration that a checkpoint names, or the only one. */
function chosen(file: string, configurations: Fields, named: unknown): string {
  const names = Object.keys(configurations);
  if (typeof named === 'string') return named;
  const [only, ...more] = names;
  if (only !== undefined && more.length === 0) return only;
  throw badText(
    file,
    `it has ${names.length} configurations, ${names.slice(0, 8).join(', ')}, and the checkpoint does not say which: give ${option('backboneArguments')} {"configuration": ...}`,
  );
}

/** A configuration over those that it `inherits_from`. */
function inherited(file: string, configurations: Fields, name: string): Fields {
  const chain: Fields[] = [];
  const seen = new Set<string>();
  for (let next: unknown = name; next !== undefined; next = chain.at(-1)?.inherits_from) {
    const own = typeof next === 'string' && Object.hasOwn(configurations, next) ? next : undefined;
    if (own === undefined) {
      const names = Object.keys(configurations);
      const all = names.slice(0, 8).join(', ') || 'none';
      const near = closestText(String(next), names);
      throw badText(file, `it has no configuration '${String(next).slice(0, 60)}', but ${all}${near}`);
    }
    const found = configurations[own];
    if (!isFields(found)) {
      throw badText(file, `configuration '${own.slice(0, 60)}' is ${textOf(found)}, expected an object`);
    }
    if (seen.has(own)) throw badText(file, `configuration '${own.slice(0, 60)}' inherits from itself`);
    seen.add(own);
    chain.push(found);
  }
  return Object.fromEntries(chain.toReversed().flatMap((fields) => Object.entries(fields)));
}

/** `architecture`, or what plans before nnU-Net 2.4 have in its place. */
function networkOf(place: string, settings: Fields): PlannedNetwork {
  const { architecture, UNet_class_name: older } = settings;
  if (isFields(architecture)) {
    const { network_class_name: path, arch_kwargs: args } = architecture;
    if (typeof path === 'string' && isFields(args)) {
      return { className: path.slice(path.lastIndexOf('.') + 1), arguments: args };
    }
  } else if (typeof older === 'string')
    return { className: older, arguments: olderArguments(place, older, settings) };
  throw badText(place, 'it names no network: expected architecture with network_class_name and arch_kwargs');
}

/** Convolutions of a stage, where older plans do not say it. */
const STANDARD_CONVOLUTIONS = 2;

/** The arguments that nnU-Net makes of older plans. */
function olderArguments(place: string, className: string, settings: Fields): NamedArguments {
  const kernels = settings.conv_kernel_sizes;
  const [first, most] = [settings.UNet_base_num_features, settings.unet_max_num_features];
  if (!Array.isArray(kernels) || typeof first !== 'number' || typeof most !== 'number') {
    throw badText(
      place,
      'expected conv_kernel_sizes, UNet_base_num_features and unet_max_num_features, or architecture',
    );
  }
  const axes = Array.isArray(kernels[0]) ? kernels[0].length : 0;
  const count = className === 'PlainConvUNet' ? 'n_conv_per_stage' : 'n_blocks_per_stage';
  return {
    n_stages: kernels.length,
    features_per_stage: kernels.map((_, stage) => Math.min(first * 2 ** stage, most)),
    conv_op: `torch.nn.Conv${axes}d`,
    kernel_sizes: kernels,
    strides: settings.pool_op_kernel_sizes,
    [count]: settings.n_conv_per_stage_encoder ?? STANDARD_CONVOLUTIONS,
    n_conv_per_stage_decoder: settings.n_conv_per_stage_decoder ?? STANDARD_CONVOLUTIONS,
    conv_bias: true,
    norm_op: `torch.nn.InstanceNorm${axes}d`,
    norm_op_kwargs: { eps: 1e-5, affine: true },
    nonlin: 'torch.nn.LeakyReLU',
  };
}

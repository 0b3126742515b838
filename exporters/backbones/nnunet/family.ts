import { badUsage } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { pick } from '../../../graph/common/pick.js';
import type { Shapes } from '../../nn/weights.js';
import { Arguments, type Sources } from '../arguments/arguments.js';
import { claimedNetwork } from '../arguments/contradiction.js';
import { definedBy } from '../arguments/definition.js';
import { badText, knownText } from '../arguments/extras.js';
import { type Backbone, type Extras, type NamedArguments, type Network, networkOf } from '../backbone.js';
import { ARCHITECTURES, type Architecture, define, requiredOf } from './architecture.js';
import { type Contradiction, contradictionsOf } from './contradictions.js';
import { inferred, isFuseUNet, isIn, normAt, stemOf } from './inferred.js';
import { normByKeys, withLayers } from './layers.js';
import { type Plan, planIn } from './plans.js';
import { builtBy } from './trainers.js';
import { useOf } from './use.js';

const idOf = ({ className }: Architecture): string => `nnunet.${className.toLowerCase()}`;

/** The class of the network that a checkpoint's trainer built. @throws NmodeError (BAD_CHECKPOINT) for one that is not known */
function architectureOf({ place, trainer, network }: Plan): Architecture {
  const { className: name } = builtBy(trainer, network);
  const architecture = ARCHITECTURES.find(({ className }) => className === name);
  if (architecture !== undefined) return architecture;
  const names = ARCHITECTURES.map(({ className }) => className);
  throw badText(place, `its network is ${name.slice(0, 60)}, expected ${knownText(name, names)}`);
}

const axesIn = (value: unknown): 2 | 3 | undefined => {
  const [, digit] = /Conv([23])d$/.exec(String(value)) ?? [];
  return digit === undefined ? undefined : digit === '3' ? 3 : 2;
};

/** The channels that the weights take and give. */
const channelsIn = (architecture: Architecture, shapes: Shapes) => ({
  input_channels: shapes.get(`${stemOf(architecture)}.conv.weight`)?.[1],
  num_classes: [...shapes].find(([key]) => /^decoder\.seg_layers\.\d+\.weight$/.test(key))?.[1][0],
});

/**
 * Those that dataset.json says, or else the weights.
 * @throws NmodeError (BAD_CHECKPOINT) for a dataset that the weights were not trained on
 */
function channelsOf({ dataset, settings }: Plan, found: ReturnType<typeof channelsIn>) {
  if (dataset === undefined) return found;
  const { outputs, regionsOrder, foreground } = dataset.labels;
  // The labels of the stage before, one channel each.
  const cascaded = typeof settings.previous_stage === 'string' ? foreground.length : 0;
  return {
    input_channels: same('input channels', dataset.channels.length + cascaded, found.input_channels),
    num_classes: same(regionsOrder ? 'regions' : 'classes', outputs.length, found.num_classes),
  };
}

function same(what: string, said: number, found = said): number {
  if (said === found) return said;
  throw badText(
    'dataset.json',
    `it has ${said} ${what}, the weights have ${found}: they are of another training`,
  );
}

/** What shapes tell without doubt: with its own decoder strides as well. */
const shownBy = (architecture: Architecture, shapes: Shapes, axes: 2 | 3): NamedArguments =>
  shapes.has('decoder.transpconvs.0.weight') && isIn(architecture, shapes)
    ? inferred(architecture, shapes, axes)
    : {};

/** A plan, the arguments that it has, and those that the weights have otherwise. */
interface Planned {
  readonly plan: Plan;
  readonly planned: NamedArguments;
  readonly changed: readonly Contradiction[];
}

/** Where arguments come from: the plan, with the norm that keys show, or shapes. */
function sourcesOf(
  architecture: Architecture,
  shapes: Shapes,
  plan: Plan | undefined,
  given: NamedArguments,
): { readonly sources: Sources; readonly said?: Planned } {
  const stem = stemOf(architecture);
  const weight = shapes.get(`${stem}.conv.weight`);
  const channels = channelsIn(architecture, shapes);
  if (plan === undefined) {
    const axes = axesIn(given.conv_op) ?? (weight?.length === 5 ? 3 : 2);
    const own = { conv_op: `Conv${axes}d`, ...channels, ...inferred(architecture, shapes, axes) };
    return { sources: { given: withLayers(given, own), shapes: own } };
  }
  const planned = withLayers(builtBy(plan.trainer, plan.network).arguments);
  const norm = weight === undefined ? planned.norm_op : normByKeys(planned.norm_op, normAt(shapes, stem));
  const axes = axesIn(planned.conv_op) ?? 2;
  const found = shownBy(architecture, shapes, axes);
  const changed = contradictionsOf(plan, { ...planned, ...given }, found, axes);
  // FuseUNet's plans name nnU-Net's network, and its encoder's widths are its own.
  const fused = isFuseUNet(shapes) ? pick(inferred(architecture, shapes, axes), ['features_per_stage']) : {};
  const config = {
    ...planned,
    ...fused,
    ...(changed.length > 0 && { n_stages: undefined }),
    ...Object.fromEntries(changed.map(({ name, value }) => [name, value])),
    ...{ norm_op: norm, ...channelsOf(plan, channels) },
  };
  return {
    sources: { given: withLayers(given, config), config, file: plan.place },
    said: { plan, planned, changed },
  };
}

function network(
  architecture: Architecture,
  shapes: Shapes,
  extras: Extras = new Map(),
  { configuration, ...given }: NamedArguments = {},
): Network {
  if (configuration !== undefined && typeof configuration !== 'string') {
    throw badUsage(`${option('backboneArguments')}: configuration is not a string`);
  }
  const found = planIn(extras, configuration);
  // A user may say that it is another.
  const isOfPlan = found && builtBy(found.trainer, found.network).className === architecture.className;
  const plan = isOfPlan ? found : undefined;
  const { sources, said } = sourcesOf(architecture, shapes, plan, given);
  const args = new Arguments(sources);
  return claimedNetwork({
    ...{ args, shapes },
    found() {
      const shown = shownBy(architecture, shapes, axesIn(args.value('conv_op')) ?? 2);
      const { features_per_stage: stages } = shown;
      return { ...shown, n_stages: Array.isArray(stages) ? stages.length : undefined };
    },
    network: (own) => networkBy(architecture, own, shapes, said),
  });
}

function networkBy(
  architecture: Architecture,
  args: Arguments,
  shapes: Shapes,
  said: Planned | undefined,
): Network {
  const plan = said?.plan;
  args.require(requiredOf(architecture), architecture.className);
  const axes = axesIn(args.value('conv_op'));
  if (axes === undefined) throw args.fault(['conv_op'], 'torch.nn.Conv2d or Conv3d');
  const [inputChannels, classes] = [args.whole('input_channels', 1), args.whole('num_classes', 1)];
  const definition = define(architecture, args, { axes, classes });
  args.refuseOthers(architecture.className);
  const labels = plan?.dataset?.labels;
  const activation = labels && (labels.regionsOrder === undefined ? 'softmax' : 'sigmoid');
  const defined = definedBy(definition, { axes, classes }, activation);
  return networkOf({
    ...{ backbone: idOf(architecture), inputChannels, ...defined },
    isSpare: (key) => definition.isSpare?.(key) || (isFuseUNet(shapes) && isOfFuseUNet(key)),
    isSaid: plan !== undefined,
    variant: {
      ...defined.variant,
      ...(plan && { configuration: plan.configuration }),
      ...(plan?.trainer !== undefined && { trainer: plan.trainer }),
    },
    ...(said &&
      useOf(
        said.plan,
        definition.multiple,
        { planned: said.planned.norm_op, built: args.value('norm_op') },
        said.changed,
      )),
  });
}

/** Copies of its convolutions, and heads of deep supervision. */
const isOfFuseUNet = (key: string): boolean => /^decoder\.(stages\.\d+\.opx|seg_layers\.)/.test(key);

/** Layers stand in a row once more, and the encoder in the decoder; dropout and activation have no weights. */
const firstOf = (key: string): string =>
  key
    .replace(/^decoder\.encoder\./, 'encoder.')
    .replace(/\.all_modules\.(\d+)\./, (_, place: string) => (place === '0' ? '.conv.' : '.norm.'));

/** The U-Nets of nnU-Net's plans. */
export const NNUNET = ARCHITECTURES.map(
  (architecture): Backbone => ({
    id: idOf(architecture),
    stems: [`${stemOf(architecture)}.conv.weight`],
    takesArguments: true,
    firstOf,
    matches(shapes, extras) {
      const plan = planIn(extras);
      return plan === undefined ? isIn(architecture, shapes) : architectureOf(plan) === architecture;
    },
    network: (shapes, extras, given) => network(architecture, shapes, extras, given),
  }),
);

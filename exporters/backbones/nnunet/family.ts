import { closest } from '../../../graph/common/closest.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import type { Shapes } from '../../nn/weights.js';
import { Arguments } from '../arguments/arguments.js';
import { badText } from '../arguments/extras.js';
import { type Backbone, type Extras, type NamedArguments, type Network, networkOf } from '../backbone.js';
import type { Labels } from '../preparation.js';
import { ARCHITECTURES, type Architecture, define } from './architecture.js';
import { inferred, isIn, normAt, stemOf } from './inferred.js';
import { normByKeys, withLayers } from './layers.js';
import { type Plan, type PlannedNetwork, planIn } from './plans.js';
import { builtBy } from './trainers.js';
import { useOf } from './use.js';

const idOf = ({ className }: Architecture): string => `nnunet.${className.toLowerCase()}`;

/** What a checkpoint's trainer built. */
function builtIn(plan: Plan): PlannedNetwork & { readonly architecture: Architecture } {
  const network = builtBy(plan.trainer, plan.network);
  const architecture = ARCHITECTURES.find(({ className }) => className === network.className);
  if (architecture !== undefined) return { ...network, architecture };
  const names = ARCHITECTURES.map(({ className }) => className);
  const [near] = closest(network.className, names, 1);
  throw badText(
    plan.place,
    `its network is ${network.className.slice(0, 60)}, expected one of ${names.join(', ')}; the closest is ${near}; PyTorch's own torch.onnx.export writes others, for nmode optimize or nmode graft`,
  );
}

const axesIn = (value: unknown): 2 | 3 | undefined => {
  const [, digit] = /Conv([23])d$/.exec(String(value)) ?? [];
  return digit === undefined ? undefined : digit === '3' ? 3 : 2;
};

/** Where arguments come from: the plan, with the norm that keys show, or shapes. */
function sourcesOf(
  architecture: Architecture,
  shapes: Shapes,
  plan: Plan | undefined,
  given: NamedArguments,
) {
  const stem = stemOf(architecture);
  const weight = shapes.get(`${stem}.conv.weight`);
  if (plan === undefined) {
    const axes = weight?.length === 5 ? 3 : 2;
    const own = inferred(architecture, shapes, axesIn(given.conv_op) ?? axes);
    return { given: withLayers(given, own), shapes: { conv_op: `Conv${axes}d`, ...own } };
  }
  const planned = withLayers(builtIn(plan).arguments);
  const norm = weight === undefined ? planned.norm_op : normByKeys(planned.norm_op, normAt(shapes, stem));
  const config = { ...planned, norm_op: norm };
  return { given: withLayers(given, config), config, file: plan.place, planned };
}

/** What dataset.json says of the channels that go in; undefined where nobody does. */
function inputChannelsOf({ dataset, settings }: Plan): number | undefined {
  const cascaded = typeof settings.previous_stage === 'string' ? dataset?.labels.foreground.length : 0;
  return dataset && dataset.channels.length + (cascaded ?? 0);
}

/** @throws NmodeError (BAD_CHECKPOINT) for a dataset that the weights were not trained on */
function checkCount(what: string, said: number | undefined, found: number | undefined): void {
  if (said === undefined || found === undefined || said === found) return;
  throw badText(
    'dataset.json',
    `it has ${said} ${what}, the weights have ${found}: they are of another training`,
  );
}

const headOf = ({ regionsOrder }: Labels) => (regionsOrder === undefined ? 'softmax' : 'sigmoid');

function network(
  architecture: Architecture,
  shapes: Shapes,
  extras: Extras = new Map(),
  { configuration, ...given }: NamedArguments = {},
): Network {
  if (configuration !== undefined && typeof configuration !== 'string') {
    throw new NmodeError('BAD_USAGE', `${option('backboneArguments')}: configuration is no text`);
  }
  const said = planIn(extras, configuration);
  // A user may say that it is another.
  const plan = said !== undefined && builtIn(said).architecture === architecture ? said : undefined;
  const { planned, ...sources } = sourcesOf(architecture, shapes, plan, given);
  const args = new Arguments(sources);
  const axes = axesIn(args.value('conv_op'));
  if (axes === undefined) throw args.fault(['conv_op'], 'torch.nn.Conv2d or Conv3d');
  const definition = define(architecture, args, axes);
  args.refuseOthers(architecture.className);
  const labels = plan?.dataset?.labels;
  const inputs = shapes.get(`${stemOf(architecture)}.conv.weight`)?.[1];
  const outputs = [...shapes].find(([key]) => /^decoder\.seg_layers\.\d+\.weight$/.test(key))?.[1][0];
  const inputsSaid = plan && inputChannelsOf(plan);
  checkCount('input channels', inputsSaid, inputs);
  checkCount(labels?.regionsOrder ? 'regions' : 'classes', labels?.outputs.length, outputs);
  const classes = labels?.outputs.length ?? outputs ?? 1;
  return networkOf({
    ...{ backbone: idOf(architecture), inputChannels: inputs ?? inputsSaid ?? 1, axes },
    features: definition.features,
    own: {
      classes,
      multiple: definition.multiple,
      ...(labels && { activation: headOf(labels) }),
      logits: (skips, weights) =>
        definition.logits(
          skips.map(({ value }) => value),
          weights,
          classes,
        ),
    },
    isSpare: definition.isSpare,
    isSaid: plan !== undefined,
    variant: {
      ...(axes === 3 && { spatial_dims: '3' }),
      ...definition.variant,
      ...(plan && { configuration: plan.configuration }),
      ...(plan?.trainer !== undefined && { trainer: plan.trainer }),
    },
    ...(plan && useOf(plan, axes, { planned: planned?.norm_op, built: args.value('norm_op') })),
  });
}

/** The U-Nets of nnU-Net's plans. */
export const NNUNET = ARCHITECTURES.map(
  (architecture): Backbone => ({
    id: idOf(architecture),
    stems: [`${stemOf(architecture)}.conv.weight`],
    takesArguments: true,
    matches(shapes, extras) {
      const plan = planIn(extras);
      return plan === undefined ? isIn(architecture, shapes) : builtIn(plan).architecture === architecture;
    },
    network: (shapes, extras, given) => network(architecture, shapes, extras, given),
  }),
);

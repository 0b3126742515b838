import { describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { detectIn } from '../../../exporters/assembly/network-weights.js';
import type { NamedArguments } from '../../../exporters/backbones/backbone.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import type { Checkpoint } from '../../../exporters/checkpoints/open.js';
import { at } from '../../../graph/common/at.js';
import { type NetworkCase, seededCheckpoint } from '../../support/network-cases.js';
import {
  configurationOf,
  NNUNET_CASES,
  nnunetIdOf,
  plannedCheckpoint,
  VARIANCE,
} from '../../support/nnunet.js';

function caseOf(name: string): NetworkCase {
  const entry = NNUNET_CASES[name];
  if (entry === undefined) throw new Error(`no case ${name}`);
  return entry;
}

const plain = caseOf('plain');
const own = configurationOf(plain, plain.shape);
const labels = { background: 0, lesion: 1 };
const dataset = { channel_names: { 0: 'R', 1: 'G', 2: 'B' }, labels };

/** The weights of a case, with these plans beside them. */
const planned = (plans: object, more: object = {}, { keys }: NetworkCase = plain): Checkpoint =>
  seededCheckpoint(
    { keys },
    VARIANCE,
    Object.entries({ 'plans.json': plans, ...more }).map(([name, value]): [string, string] => [
      name,
      JSON.stringify(value),
    ]),
  );

const configured = (configuration: object, more: object = {}, entry = plain) =>
  planned({ configurations: { own: { ...own, ...configuration } } }, more, entry);

const called = (changes: object) =>
  configured({
    architecture: {
      network_class_name: 'PlainConvUNet',
      arch_kwargs: { ...plain.arguments, ...changes },
    },
  });

const exported = (checkpoint: Checkpoint) =>
  exportCheckpoint(checkpoint, planExport({ head: 'none', size: {} }));

describe('a bare state dict', () => {
  it.each(Object.entries(NNUNET_CASES))('%s is known by its keys, or by its arguments', (_, entry) => {
    const checkpoint = seededCheckpoint(entry, VARIANCE);
    const { network, classes } = detectIn(checkpoint);
    expect(network).toMatchObject({
      backbone: nnunetIdOf(entry),
      inputChannels: entry.shape[1],
      isSaid: false,
    });
    const { network: said, classes: saidClasses } = detectIn(plannedCheckpoint(entry));
    expect([...network.keys.keys()]).toEqual([...said.keys.keys()]);
    expect([network.scales, network.axes, classes]).toEqual([said.scales, said.axes, saidClasses]);
    expect(said.isSaid).toBe(true);
  });

  it('tells what is assumed of it, and takes what its keys do not show', () => {
    const checkpoint = seededCheckpoint(plain, VARIANCE);
    const assumed = exported(checkpoint).assumed.map(({ what, value }) => `${what} ${value}`);
    expect(assumed).toContain('activation leaky-relu:0.01');
    const backboneArguments = { nonlin: 'torch.nn.ReLU', strides: [1, [2, 1], [2, 3]] };
    const plan = planExport({
      ...{ backbone: 'nnunet.plainconvunet', backboneArguments },
      ...{ head: 'none', size: {} },
    });
    expect(exportCheckpoint(checkpoint, plan).assumed.map(({ value }) => value)).toContain('relu');
    const given = (args: NamedArguments) => () =>
      detectIn(checkpoint, backboneOf('nnunet.plainconvunet', { ...backboneArguments, ...args }));
    expect(given({ strides: [2, 2, 2] })).toThrow('strides is [2,2,2], expected a first one of 1');
    expect(given({ kernel_sizes: 2 })).toThrow('kernel_sizes is 2, expected a list of 3, each odd');
    expect(given({ configuration: 2 })).toThrow('configuration is not a string');
  });

  it('may hold each weight twice: they are no surplus', () => {
    const copied = Object.entries(plain.keys).flatMap(([key, shape]) => [
      [key, shape] as const,
      [key.replace('.conv.', '.all_modules.0.').replace('.norm.', '.all_modules.1.'), shape] as const,
      ...(key.startsWith('encoder.') ? [[`decoder.${key}`, shape] as const] : []),
    ]);
    const keys = { ...Object.fromEntries(copied), 'decoder.seg_layers.0.weight': [2, 6, 1, 1] };
    expect(exported(seededCheckpoint({ keys }, VARIANCE)).leftAside).toEqual([]);
  });
});

it('weights whose copy in the decoder is whole are refused by what they lack themselves', () => {
  const checkpoint = plannedCheckpoint(caseOf('residual'));
  const own = [...checkpoint.tensors].filter(([key]) => key.startsWith('encoder.'));
  const copies = own.map(([key, tensor]) => [`decoder.${key}`, tensor] as const);
  const [stem, tensor] = at(own, 0);
  const { dims } = tensor;
  const wrong = { ...tensor, dims: [at(dims, 0) + 1, ...dims.slice(1)] };
  const tensors = new Map([...checkpoint.tensors, ...copies, [stem, wrong]]);
  expect(() => detectIn({ ...checkpoint, tensors })).toThrow(
    new RegExp(`1 misshapen: ${stem} is .*; save the whole model`),
  );
});

it('a state dict that keeps each weight under the last of its keys is known', () => {
  const last = (key: string) =>
    key
      .replace(/^encoder/, 'decoder.encoder')
      .replace('.conv.', '.all_modules.0.')
      .replace('.norm.', '.all_modules.1.');
  const entry = caseOf('residual');
  const keys = Object.fromEntries(Object.entries(entry.keys).map(([key, shape]) => [last(key), shape]));
  const { model, leftAside } = exported(seededCheckpoint({ keys }, VARIANCE));
  expect(model.metadata.get('nmode.backbone')).toBe('nnunet.residualencoderunet');
  const used = Object.keys(entry.keys).filter((key) => !/seg_layers\.[01]\./.test(key));
  expect([...model.graph.initializers.keys()].sort()).toEqual(used.sort());
  expect(leftAside).toEqual([]);
});

describe('plans', () => {
  it('of the older dialect say the same network, inherited fields included', () => {
    const entry = caseOf('plain-volume');
    const { features_per_stage: _, ...sizes } = entry.arguments;
    const older = {
      ...{ UNet_class_name: 'PlainConvUNet', UNet_base_num_features: 2, unet_max_num_features: 6 },
      ...{ conv_kernel_sizes: sizes.kernel_sizes, pool_op_kernel_sizes: sizes.strides },
    };
    const plans = {
      configurations: {
        lowres: {
          ...configurationOf(entry, entry.shape),
          architecture: undefined,
          ...older,
          patch_size: [8, 8, 8],
        },
        '3d': { inherits_from: 'lowres', patch_size: [4, 12, 8] },
      },
    };
    const checkpoint = planned(
      plans,
      { init_args: { configuration: '3d' } },
      {
        ...entry,
        keys: Object.fromEntries(Object.entries(entry.keys).filter(([key]) => !key.includes('dropout'))),
      },
    );
    const { network } = detectIn(checkpoint);
    expect(network).toMatchObject({
      ...{ backbone: 'nnunet.plainconvunet', axes: 3, usualSize: [4, 12, 8] },
      variant: { configuration: '3d', strides: '1x1x1,1x2x2,2x2x2,2x1x1' },
    });
  });

  it.each([
    ['nnUNetTrainerBN', 'batchnorm', undefined],
    ['nnUNetTrainer_500epochs', 'batchnorm', undefined],
    ['nnUNetTrainerMish', 'batchnorm', 'activation and all else that keys do not show'],
    ['nnUNetTrainerMish', 'no-norm', 'norm'],
  ])('by %s of %s have the norm of the keys, and what is open is told', (trainer, name, what) => {
    const entry = caseOf(name);
    const kwargs = {
      ...entry.arguments,
      norm_op: 'torch.nn.InstanceNorm2d',
      norm_op_kwargs: { affine: true },
    };
    const checkpoint = configured(
      { ...configurationOf({ ...entry, arguments: kwargs }, entry.shape) },
      { trainer_name: trainer },
      entry,
    );
    const { assumed, notes } = exported(checkpoint);
    if (name === 'batchnorm') expect(notes).toContainEqual(expect.stringContaining('those of a batch norm'));
    const found = assumed.filter(({ option }) => option === 'backboneArguments').map((each) => each.what);
    if (what === undefined) expect(found).toEqual([]);
    else expect(found).toContain(what);
  });

  it('by nnUNetTrainerResEncUNet are those of another class', () => {
    const keys = caseOf('residual-volume').keys;
    const { arguments: args, shape } = caseOf('residual-volume');
    const { n_blocks_per_stage: _, n_conv_per_stage_decoder: __, ...common } = args;
    const entry = {
      ...{ class: 'PlainConvUNet', shape, keys },
      arguments: { ...common, n_conv_per_stage: 2, n_conv_per_stage_decoder: 2 },
    };
    const checkpoint = configured(
      configurationOf(entry, shape),
      { trainer_name: 'nnUNetTrainerResEncUNet' },
      entry,
    );
    // It takes 1, 3, 4 blocks, and this one fewer.
    expect(detectIn(checkpoint).network).toMatchObject({
      backbone: 'nnunet.residualencoderunet',
      notes: [expect.stringContaining('its weights have n_blocks_per_stage 1,3,2')],
    });
  });

  it('with a dataset give classes and head, and refuse that of another training', () => {
    const { network } = detectIn(configured({}, { 'dataset.json': dataset }));
    expect(network).toMatchObject({ classNames: ['background', 'lesion'], background: 0 });
    expect(network.own).toMatchObject({ classes: 2, activation: 'softmax' });
    const others = { labels: { ...labels, other: 2 }, channel_names: { 0: 'CT' } };
    for (const [field, value] of Object.entries(others)) {
      const checkpoint = configured({}, { 'dataset.json': { ...dataset, [field]: value } });
      expect(() => detectIn(checkpoint)).toThrow(
        /^dataset\.json: it has \d (classes|input channels), the weights have/,
      );
    }
  });

  it.each([
    [{ 0: 'background' }, 'label \'0\' is "background", expected a number from 0 to 65536'],
    [{ background: 0, lesion: 2 }, 'its labels are 0, 2, expected 0, 1, 2, ..., each once'],
    [{ background: 0, whole: [1, 2] }, 'regions_class_order is missing, expected 1 numbers'],
    [{ background: 0, 1: [1, 2] }, "region '1' is named by a number"],
    [[], 'labels is [], expected numbers by name'],
  ])('with the labels %j are refused in one line', (found, message) => {
    const checkpoint = configured({}, { 'dataset.json': { ...dataset, labels: found } });
    expect(() => detectIn(checkpoint)).toThrow(message);
  });

  const shallower = {
    ...{ features_per_stage: [4, 6], kernel_sizes: [3, [1, 3]], strides: [1, [2, 1]] },
    ...{ n_conv_per_stage: [1, 2], n_conv_per_stage_decoder: [1] },
  };
  const named = (name: string) => configured({ architecture: { network_class_name: name, arch_kwargs: {} } });

  it.each([
    [
      named('nets.UMambaEnc'),
      'its network is UMambaEnc, expected one of PlainConvUNet, ResidualEncoderUNet, ResidualUNet; PyTorch',
    ],
    [
      planned({ plans: {} }),
      'plans.json: it has no configurations: expected the plans of nnU-Net, version 2',
    ],
    [
      planned({ configurations: { a: own, b: own } }),
      'it has 2 configurations, a, b, and the checkpoint does not say which',
    ],
    [
      planned({ configurations: { own } }, { init_args: { configuration: '2d' } }),
      "it has no configuration '2d', but own",
    ],
    [configured({ inherits_from: 'own' }), "configuration 'own' inherits from itself"],
    [
      planned({ configurations: { own: null } }),
      "plans.json: configuration 'own' is null, expected an object",
    ],
    [
      called({ n_conv_per_stage: [1, 2, 1e9] }),
      'n_conv_per_stage is 1,2,1000000000, the weights have 1,2,2: they are of another',
    ],
    [configured({ architecture: undefined }), 'it names no network'],
    [
      configured({ architecture: undefined, UNet_class_name: 'PlainConvUNet' }),
      'expected conv_kernel_sizes, UNet_base_num_features',
    ],
    [called({ strides: 'two' }), 'strides is two,two,two, the weights have 1x1,2x1,2x3'],
    [called({ kernel_sizes: 2 }), 'kernel_sizes is 2x2,2x2,2x2, the weights have 3x3,1x3,5x5'],
    [
      called({ n_stages: 4 }),
      'features_per_stage is [4,6,8], expected 4 of them, one for each stage; the weights have n_stages 3',
    ],
    [
      called({ conv_op: 'torch.nn.Conv1d' }),
      'conv_op is "torch.nn.Conv1d", expected torch.nn.Conv2d or Conv3d',
    ],
    [
      called({ norm_op: 'torch.nn.LayerNorm' }),
      'norm_op is ["layernorm",{"eps":0.00001,"affine":true}], expected one of instance',
    ],
    [called({ squeeze_excitation: true }), 'PlainConvUNet is not written with squeeze_excitation'],
    [called({ features_per_stage: [4, 6, 9] }), 'features_per_stage is 4,6,9, the weights have 4,6,8'],
    [called({ strides: [1, 2, 2] }), 'strides is 1x1,2x2,2x2, the weights have 1x1,2x1,2x3'],
    [
      called({ n_conv_per_stage: 3 }),
      'n_conv_per_stage is 3,3,3, the weights have 1,2,2: they are of another',
    ],
    [called({ n_stages: 2, ...shallower }), 'features_per_stage is 4,6, the weights have 4,6,8'],
    ...[
      [16, 20],
      [1e9, 3e9],
      [0, 24],
      [4, 16, 24],
    ].map(
      (size) =>
        [
          configured({ patch_size: size }),
          `patch_size is ${size.join('x')}, expected 2 sizes from 1 to 65536, multiples of 4x3 for its strides`,
        ] as const,
    ),
    [
      configured({}, { trainer_name: 'nnUNetTrainerUMambaBot' }, caseOf('residual')),
      /nnUNetTrainerUMambaBot, no trainer of nnU-Net's own, may have changed but of nnunet.residualencoderunet/,
    ],
  ])('%# that cannot be are refused in one line that says what is expected', (checkpoint, message) => {
    expect(() => detectIn(checkpoint)).toThrow(message);
    expect(() => detectIn(checkpoint)).not.toThrow(/\n/);
  });

  it('that contradict keys of no stage are refused when it is built', () => {
    expect(() => exported(called({ conv_bias: false }))).toThrow(
      'plans.json, configuration own: conv_bias is false, the weights have true (encoder.stages.0.0.convs.0.conv.bias is left over): they are',
    );
  });

  it('are prepared by what they say, or refused where that is not known', () => {
    const preparation = detectIn(configured({}, { 'dataset.json': dataset })).network.preparation?.();
    expect(preparation).toMatchObject({
      ...{ patchSize: [16, 24], spacing: [1, 1], transposeForward: [0, 1, 2] },
      channels: Array.from('RGB', (name) => ({ name, scheme: 'ZScoreNormalization', isMasked: false })),
      labels: { foreground: [1] },
    });
    const scheme = (name: string) =>
      exported.bind(null, configured({ normalization_schemes: Array(3).fill(name) }));
    expect(scheme('ZscoreNormalization')).toThrow('the closest is ZScoreNormalization: give `recipe`');
    expect(scheme('MyFancyNorm')).toThrow(
      'NoNormalization, RescaleTo01Normalization, RGBTo01Normalization: give',
    );
    expect(() => exported(configured({ preprocessor_name: 7 }))).toThrow(
      'preprocessor_name is 7, expected a name',
    );
    expect(() => exported(configured({ resampling_fn_data_kwargs: [] }))).toThrow(
      'resampling_fn_data_kwargs is [], expected an object',
    );
    const others = planned({ configurations: { own }, label_manager: 'MyLabelManager' });
    expect(() => exported(others)).toThrow('labels are made by MyLabelManager, expected LabelManager');
    expect(scheme('CTNormalization')).toThrow('of channel 0, which CTNormalization takes');
  });
});

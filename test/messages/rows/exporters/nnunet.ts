import type { Conditions } from '../../conditions.js';

/** nnU-Net's networks: what plans.json, dataset.json and a checkpoint say of them. */
export const NNUNET: Conditions = {
  'exporters/backbones/nnunet/architecture.ts': {
    'BasicBlockD or BottleneckD': 'what is expected of block, for a message',
    '… of them, one for each stage': 'there are not as many features_per_stage as n_stages',
    'a first one of 1, so that classes are as large as the image':
      'the first stage has a stride, which nothing on the way up undoes',
  },
  'exporters/backbones/nnunet/contradictions.ts': {
    '… is …, the weights have …: they are of another training or not all there; … says otherwise':
      'the plans beside a checkpoint say sizes that its shapes have not',
  },
  'exporters/backbones/nnunet/dataset.ts': {
    'it is …, expected an object': 'dataset.json, or dataset_json of a checkpoint, is a list or a text',
    'channel_names is …, expected names by number, as {"0": "CT"}':
      'neither channel_names nor modality names a channel',
    "label '…' is …, expected a number from 0 to …, or a list of them (numbers by name are nnU-Net's version 2)":
      'a label is a text, as in version 1, where names stand by number',
    'labels is …, expected numbers by name, as {"background": 0, "lesion": 1}':
      'there are no labels, or they are a list',
    'its labels are …, expected 0, 1, 2, ..., each once':
      'labels of classes have gaps, begin with another or meet: the largest channel is then no label',
    "region '…' is named by a number: give it a name of letters in labels":
      'JSON does not keep the order of such names, in which the channels of regions are',
    'regions_class_order is …, expected … numbers, one for each region':
      'there are regions and no order in which they are written',
  },
  'exporters/backbones/nnunet/family.ts': {
    'its network is …, expected …': 'the plans name a class of network that is not known',
    'it has … …, the weights have …: they are of another training':
      'dataset.json has more or fewer channels or labels than the first and the last convolution',
    '…: configuration is not a string': 'an argument names a configuration by something else',
    'torch.nn.Conv2d or Conv3d': 'what is expected of conv_op, for a message',
  },
  'exporters/backbones/nnunet/plans.ts': {
    'it has no configurations: expected the plans of nnU-Net, version 2':
      'plans.json is that of something else',
    'it has … configurations, …, and the checkpoint does not say which: give … {"configuration": ...}':
      'weights without init_args lie beside plans with several configurations',
    "configuration '…' is …, expected an object":
      'a configuration that is asked for is null, a list or a text',
    "it has no configuration '…', but ……":
      'the checkpoint, an argument or inherits_from names one that is not there',
    "configuration '…' inherits from itself": 'inherits_from leads back, directly or by way of others',
    'it names no network: expected architecture with network_class_name and arch_kwargs':
      'a configuration, with those it inherits from, says neither architecture nor UNet_class_name',
    'expected conv_kernel_sizes, UNet_base_num_features and unet_max_num_features, or architecture':
      'plans from before nnU-Net 2.4 do not say the sizes of the network',
    '…, configuration …': 'what a message calls the part of the plans that is meant',
  },
  'exporters/backbones/nnunet/preparation.ts': {
    'an object': 'what is expected of the arguments of a function, for a message',
    'a name': 'what is expected of a class or a function, for a message',
    'normalization_schemes has …, expected ……: give …, or images that are prepared so':
      'the plans normalize by a class that is not one of nnU-Net',
    'foreground_intensity_properties_per_channel has not mean, std, percentile_00_5 and percentile_99_5 of channel …, which CTNormalization takes':
      'the plans normalize a channel as CT and do not say its intensities',
    'each of the axes 0, 1 and 2 once': 'what is expected of the order of axes, for a message',
  },
  'exporters/backbones/nnunet/use.ts': {
    'patch_size is …, expected … sizes from 1 to …, multiples of … for its strides':
      'the tiles of the plans are none that the network could be trained on',
  },
};

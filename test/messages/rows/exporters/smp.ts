import type { Conditions } from '../../conditions.js';

/** Networks of segmentation_models.pytorch: what their arguments say. */
export const SMP: Conditions = {
  'exporters/backbones/smp/architectures.ts': {
    '_model_class is …, expected …': 'config.json has an encoder_name, and no class that is known',
  },
  'exporters/backbones/smp/decoders/decoder.ts': {
    'an encoder without features': 'never: an encoder has one feature at least, which networkOf checks',
  },
  'exporters/backbones/smp/decoders/deeplabv3plus.ts': {
    'no feature at a stride of 4':
      'never: every encoder has one, and DeepLabV3Plus has a depth of 3 at least',
    '8 or 16': 'what is expected of encoder_output_stride, for a message',
  },
  'exporters/backbones/smp/decoders/fpn.ts': {
    '5: the encoder has no feature at a stride of 2, which FPN would take':
      'encoder_depth is below 5, and the encoder begins with patches of 4 x 4',
    'a multiple of …': 'decoder_segmentation_channels are not divided by the 32 groups of GroupNorm',
    'a level without a feature': 'never: the arguments were refused before',
  },
  'exporters/backbones/smp/decoders/options.ts': {
    'true, false, one of …, or an object with such a type': 'decoder_use_norm names no normalization of smp',
    '…, which is not written: the decoder has to be trained with batchnorm, instancenorm or identity':
      'it is inplace, whose scale depends on the version of inplace_abn, or layernorm, which runs at one width only',
    '… to be true or false': 'affine or track_running_stats is no switch',
    'eps, momentum, affine and track_running_stats, without …': 'the object has another field',
    'an eps from 0 to 1': 'eps is not a number from 0 to 1',
    'track_running_stats to be true: without, what one image gives depends on all others of its batch':
      'a BatchNorm has no statistics of its training',
    'null or scse': 'the attention is none that smp has',
  },
  'exporters/backbones/smp/family.ts': {
    'an encoder of … that docs/smp.md names…; …': 'encoder_name is not one of those that are known',
    'another encoder: …': 'the class does not go with the encoder, and says why',
    'one that dilates, as … needs for its output stride of …: …':
      'the class keeps a resolution, and the encoder has no strides to take out',
  },
  'exporters/backbones/smp/heads.ts': {
    'null or one of …; {"activation": null} in … takes what goes into it':
      'the activation gives neither logits nor probabilities',
    'null or an object': 'aux_params is something else',
  },
};

import type { Conditions } from '../../conditions.js';

/** Networks that arguments put together, and of them those of MONAI. */
export const MONAI: Conditions = {
  'exporters/backbones/arguments/arguments.ts': {
    '…, expected ……': 'what is expected is said behind what is said',
    '; …: give it with …': 'the argument is still an expression or a reference of a bundle',
    '1 to …': 'how many elements a list may have whose number is not known, for a message',
    'a whole number from … to …': 'what is expected of an argument that counts, for a message',
    ' or ': 'stands between the words that an argument may be, for a message',
    'true or false': 'what is expected of a switch, for a message',
    ': it takes …': 'no argument is like the one that is not known',
    '…: … is not written with ……':
      'an argument that is not null is none that was asked for: it may change the network',
    'a list of …, each …': 'what is expected of a list, for a message',
    '…: … takes …, which is left out and has no default: give it with …':
      'a bundle says the class of its network without one of the arguments that the class needs',
  },
  'exporters/backbones/arguments/extras.ts': {
    'it is no JSON…: …; save or download it again': 'a text that says what the network is cannot be parsed',
    'it nests … levels, at most … are read':
      'lists and objects stand in each other deeper than in any configuration',
    ' (NaN and Infinity are none)': 'the text has such a word, which Python writes for numbers that are none',
  },
  'exporters/backbones/arguments/contradiction.ts': {
    '…; the weights have …':
      'arguments were refused, and with the values that shapes tell of some all keys fit',
    'they are of another training, or … says otherwise':
      'of arguments that a file says the weights have other values, with which all keys fit',
  },
  'exporters/backbones/monai/bundle.ts': {
    '… is …, expected …': 'a configuration beside the weights names a class of network that is not known',
  },
  'exporters/backbones/monai/convolution.ts': {
    'odd, …': 'what is expected of a kernel size, for a message',
    'each of the letters A, D and N once at most': 'what is expected of adn_ordering, for a message',
    "… of them, one for each of 'channels' but the first": 'there are fewer strides than levels',
  },
  'exporters/backbones/arguments/layers.ts': {
    '… to be a number': 'an option of a norm or an activation is not a number',
    '… to be true or false': 'an option of a norm is no switch',
    'it without …': 'a norm or an activation has an option that is not known: it may change the network',
    'a name, or a list of a name and its options': 'act or norm is something else',
    'track_running_stats to be true: without, what one image gives depends on its batch':
      'a BatchNorm has no statistics of its training',
    'num_parameters to be 1 or the … channels of …':
      'a PReLU has neither one slope nor one for each channel of what it is applied to',
    'num_groups to divide the … channels of …': 'a GroupNorm has groups that leave a rest of its channels',
  },
  'exporters/backbones/monai/nets/attention-unet.ts': { 'two levels at least': 'channels has one number' },
  'exporters/backbones/monai/nets/dynunet.ts': {
    'three levels at least': 'strides has fewer entries, which MONAI refuses as well',
    "… of them, one for each of 'strides'": 'there are fewer filters than strides',
    'a kernel of the stride less 1 at least, which at level … is …':
      'a kernel is so small beside its stride that its padding would be negative',
    'the strides but the first, so that levels meet: at level … …':
      'a level is enlarged by another factor than it was reduced by',
  },
  'exporters/backbones/monai/nets/segresnet.ts': {
    'true: without its last convolution the network gives no classes': 'use_conv_final is false',
  },
  'exporters/backbones/monai/nets/unet.ts': { 'two levels at least': 'channels has one number' },
};

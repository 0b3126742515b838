import type { Conditions } from '../../conditions.js';

/** Decoders that are put on models of other exporters. */
export const GRAFTING: Conditions = {
  'exporters/grafting/decoder.ts': {
    '…: choose the decoder with … …': 'initial weights were asked for without a decoder of nmODE steps',
    ' or ': 'the decoders that there are, in a list',
    'its decoder has … steps, … skips are named: each step takes one':
      'the largest number of a step among the keys is not the number of skips',
    'it holds … decoders, below …: choose one with …':
      'the first key of a decoder is below two prefixes or more, and not among the keys as they are',
    "step … takes … channels, its skip '…' has …":
      'the second size of the weight of a step is not the number of channels of the skip in its place',
    'no nmODE decoder: it has neither up1.g.weight nor up1.g.0.weight': 'no key ends with one of these two',
  },
  'exporters/grafting/metadata.ts': {
    'its metadata …: …': 'the model has an entry nmode.recipe that is no recipe',
    'images are …, the network needs …':
      "a size of the user's or the model's recipe is no multiple, or not the one size that the model has",
    'multiples of ……': 'the model takes any multiple',
    ', such as …': 'the same, and the recipe resizes',
    'padded to multiples of …': 'the recipe pads',
    'resized to …': 'the recipe or a size resizes',
  },
  'exporters/grafting/skips.ts': {
    'no skips are named: `proposeSkips` proposes some': 'the list of names is empty',
    "tensor '…' is named twice: each step takes one of its own": 'a name is in the list a second time',
    "'…' is a node, not a tensor: it computes …": 'no tensor has the name, and a node has',
    ' and ': 'the node has several outputs',
    "no tensor is named '…'…; … proposes some":
      'neither an input, an initializer, a node nor an output of one has the name',
    'does not depend on the image': 'the part of the model that computes the skips does not read the image',
    '…, expected float32 [N, C, H, W]': 'the type of a skip is known to be another, or is not known at all',
    '…, expected a known number of channels; name another tensor':
      'a skip is float32 of four axes, and the second is open',
    'the skips have the scales …, expected shallow to deep: …': 'a scale is smaller than one before it',
    "tensor '…' …; …": 'a tensor is no feature map of the image, with why',
    "tensor '…' is …": 'what is known of the type of a tensor, in every refusal of it',
    ', or export the model for a height and a width that its levels divide':
      'height and width of the image are fixed in the model, so that rounding may hide a scale',
    '…, the image …: expected its height and width divided by the same whole number at every size; name another tensor…':
      'a skip is float32 of four axes, and its scales differ, are not whole, or hold for the one size of the model alone',
  },
};

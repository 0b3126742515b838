import type { Conditions } from '../../conditions.js';

/** What keeps a node of an older opset from being one of a later. */
export const LIFTING: Conditions = {
  'graph/lifting/broadcasting.ts': {
    'its second operand has more axes than are left of the first':
      'the axes of an operand of opset 6, laid from `axis` on, reach beyond those of the other',
    "the number of axes of '…' is unknown":
      'an operator of opset 6 lays one operand along the axes of another, and the type of one is not known',
  },
  'graph/lifting/change.ts': {
    "attribute '…' is not a list of whole numbers that are read":
      'an attribute that is to become an input is of another type, or holds a number between 2^53 and 2^62',
  },
  'graph/lifting/inlining.ts': {
    'its functions call each other: with what they compute it has more than … nodes':
      'the nodes of functions in the place of their calls make more than 50000',
  },
  'graph/lifting/lift.ts': {
    'opset … is too old to be lifted: … is the oldest': 'the opset of a model is 1 to 5',
    "node '…' (…) holds a subgraph that cannot be read, and so is not lifted to opset …: run it as it is, or give one without control flow":
      'a model is to be lifted, and an attribute of a node holds several graphs, or one with a tensor that is not read',
    "node '…' (…): not an operator of ONNX up to opset …":
      'a node of the default domain has a name that no opset up to 21 has',
  },
  'graph/lifting/normalization.ts': {
    'the type of its variance is unknown':
      'BatchNormalization has spatial 0, its variance has no known type, and the model may compute in another float',
    "its output '…', which only a training computes, is read":
      'a node, or an output of the graph, reads the mask of a Dropout before opset 10 or the statistics of a BatchNormalization',
    "the number of channels of '…' is unknown":
      'GroupNormalization is lifted to opset 21, and the second size of its input is open or unknown',
  },
  'graph/lifting/resampling.ts': {
    'tf_half_pixel_for_nn, which opset 13 removed, has no equivalent':
      'a Resize before opset 13 has these coordinates, and is linear or rounds otherwise than down or to the nearest',
    'it has no scales': 'Upsample before opset 9 has no attribute scales, or one of another type',
    'its scales are unknown, and with them whether it shrinks its input':
      'the scales of a Resize of opset 10 are computed, and its mode is nearest',
  },
  'graph/lifting/to-inputs.ts': {
    'it has no starts or no ends': 'Slice before opset 10 lacks one of the two attributes',
    'it has no pads': 'Pad before opset 11 lacks the attribute',
    "the type of its '…' is unknown":
      'the type of the input of a Clip or a Pad before opset 11 is not known, and the model may compute in another float',
  },
};

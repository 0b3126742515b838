import type { Conditions } from '../../conditions.js';

/** What gradients are refused for. */
export const GRADIENTS: Conditions = {
  'graph/gradients/gradients.ts': {
    'a loss of … …, expected one float32 number: sum it up, or take its mean':
      'the loss is of another type than float32, or has an axis that is not of one element',
    'the loss does not depend on parameter …: leave it out, or compute the loss from it':
      'nothing that has a gradient leads from the parameter to the loss',
    'operator …… has no gradient, and parameters are behind it: there are those of …':
      'the operator stands between a parameter and the loss and is not in the table of rules',
    '…, the output of …': 'the parameter is computed by an operator',
    ' (in …)': 'the operator was applied within a scope',
  },
  'graph/gradients/rule.ts': {
    'operator … has no gradient for its input …, and parameters are behind it: make that a constant':
      'the rule of an operator has no gradient for an input that a parameter is behind, as the limits of Clip',
    '… has no input …': 'an operator lacks an input that its type inference asks for: never',
    'the gradient of … needs sizes that are known, found …: build the graph for one batch and size':
      'the rule of the operator reads a shape of which a size is open',
    'the gradient of … needs … that are known: make them a constant of the graph':
      'a list of whole numbers that the operator takes is an input of the graph, or computed from one',
  },
  'graph/gradients/rules/movement.ts': {
    'Pad (mode …) has no gradient: … have': 'the mode of a Pad is neither constant nor edge nor reflect',
  },
  'graph/gradients/rules/normalization.ts': {
    'BatchNormalization (training_mode 1) has no gradient: a training step takes the statistics of the batch by itself, leave it at 0':
      'the attribute training_mode of a BatchNormalization is not 0',
  },
  'graph/gradients/rules/resize.ts': {
    'Resize (mode …, coordinates …) has no gradient: linear and nearest ones without antialiasing have':
      'the mode is cubic or unknown, the coordinates are cropped or unknown, or antialias is set',
  },
};

import type { Conditions } from '../../conditions.js';

/** What makes no training. */
export const TRAINING: Conditions = {
  'graph/training/adamw.ts': {
    '… …, expected …': 'an option of the optimiser is outside its range',
    'learning rates': 'there is no rate, or one is negative or not finite',
    'one per step, each a number of at least 0': 'there is no rate, or one is negative or not finite',
    'a number of at least 0': 'the weight decay is negative or not finite',
    'two from 0 to below 1': 'one of the betas is negative, 1 or more, or not a number',
    'a number above 0': 'epsilon or the largest norm is 0, negative or not a number',
  },
  'graph/training/losses.ts': {
    'logits are …, expected [N, classes, ...] of sizes that are known':
      'the logits have fewer than two axes, or an open size',
    'a sum of no losses: give one at least': 'the list of losses is empty',
  },
  'graph/training/packing.ts': {
    'a state of … numbers, expected the … of this training':
      'the vector of a state is not as long as all that it should hold',
  },
  'graph/training/plan.ts': {
    'none of the … weights of the network is trained: isTrained chooses them by their names':
      'no named weight is chosen that has an influence on the output, or there is none',
  },
  'graph/training/schedule.ts': {
    'a cycle of … steps, expected a whole number from …, with which the learning rate rises and falls, to …':
      'the number of steps is not whole, too small for the schedule, or too large for a table',
  },
  'graph/training/step.ts': {
    'momentum …, expected a number from 0 to 1': 'the momentum of running statistics is outside that range',
    "… '…', expected …": 'the head or the statistics are none of those that there are',
    ' or ': 'joins the choices',
    "an input of the network is called '…', as one of the step: give it another name":
      'an input has the name of the targets or of a part of the state',
    "the logits are computed from '…', which is not among the inputs: add it":
      'the graph of the logits reads an input that the caller does not list',
    'no …': 'a name of the step itself is missing among its own: never',
    "there are no float32 numbers '…' among …: give all that a step returned":
      'a state, or the outputs of a run, lack one of their parts, or hold it in another type',
  },
  'graph/training/training-form.ts': {
    '…: a batch with one number per channel has no variance: use more or larger images':
      'a BatchNormalization on batch statistics sees one image of one place',
  },
};

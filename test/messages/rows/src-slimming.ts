import type { Conditions } from '../conditions.js';

/** What is said of networks that are slimmed. */
export const SRC_SLIMMING: Conditions = {
  'src/slimming/options.ts': {
    '… and … both say how long it trains: give one': 'steps and minutes are both given',
    '… requires …': 'what is said of masks is given without masks',
    '…, expected …': 'decoder, order, kernel or stateChannels is not one of those that there may be',
  },
  'src/api/slim-teacher.ts': {
    '…: … applies only to checkpoints':
      'the file is called .onnx, and an option says where in a checkpoint its network is',
    '…: … applies only to .onnx models: for a checkpoint it is known':
      'the file is not called .onnx, and skips or an output are named',
  },
  'src/api/slim.ts': {
    '…: two files are to be written there': 'the model and its state dict, or a report, have one path',
    '…: …; nothing was written but …, for …':
      'the agreement is below minAgreement, or the DSC further below that of the teacher than maxDscDrop, without force',
    'give more … with …, more images without it, or … to write it nevertheless':
      'the student is not good enough, as before',
  },
  'src/slimming/figures/comparison.ts': { 'no pixels were given': 'never: they were asked for' },
  'src/cli/commands/slim.ts': {
    'interrupted: …': 'Ctrl-C, or a request to end, stopped a slimming',
    'the training is kept in …: the same command with … goes on': 'the same, where there is a state',
    'no step was taken yet, and nothing is kept': 'the same, where there is none',
  },
  'src/slimming/features/batch-reader.ts': {
    '… images of …': 'never: a batch has as many images as its step takes',
  },
  'src/slimming/teacher/checkpoint-teacher.ts': {
    '…: … takes volumes, and no files of volumes are read yet: train a decoder on its features in PyTorch, and export that':
      'the network that is to be slimmed has three axes of space',
    '…: a student learns from probabilities: give … or …, not none':
      'a program asks for a head of none, which the types refuse',
    '…: its decoder is an nmODE (…) already: give a network with a decoder of its own; to fit another one to this, export it, and give the .onnx file with …':
      'the checkpoint has the keys of nmODE steps behind its backbone',
    ' or ': 'EED and LMD have the same keys',
  },
  'src/slimming/features/feature-store.ts': {
    '…: the features beyond … cannot be written there: …; a larger one keeps more in memory':
      'the file system refuses the file of features, or has no room for it',
    '… numbers of […]': 'never: all images have features of one size',
    'the store is closed': 'never: nobody waits for what an aborted fitting still reads',
    'no number … in the file': 'the file of features was cut while it was read',
  },
  'src/slimming/features/features.ts': {
    'no input': 'never: a model without one is refused before',
    "no output '…' of …": 'never: they were put there',
    'prepared pixels are float32': 'never: a model that takes images as they are has no feature maps to name',
    'no probabilities': 'never: they were asked for',
    '…: …x… where … is …x…, and a decoder is fitted at one size: give …, which all images are resized to':
      'the recipe keeps images at their own size, and one that is prepared has another than the first',
    "…: its feature map '…' holds … for …, and …":
      'an element of a feature is not a number, infinite, or rounds to more than a half holds',
    'features are kept in half precision, up to …: give the network as an .onnx file, and name other feature maps of it with …':
      'the element is a number',
    'nothing can be learnt from that: weights of the network are damaged, or images are not prepared as it expects':
      'the element is infinite or no number',
    'no image': 'never: a split leaves images to train on',
    '…: its masks are empty on all … images, so there is nothing to learn: give images like those it was trained on…':
      "the teacher's masks of all images are empty",
    ', or say with … how they are prepared': 'the same, and the recipe is assumed',
  },
  'src/slimming/fitting/fit.ts': {
    "the state has … numbers of '…', expected …: it is damaged":
      'a vector of the state that is to go on is missing or has another length than the training needs',
    'at step … …: the training diverged; a lower … or another … may not':
      'the loss or the norm of the gradients of a step is no finite number',
    'the norm of the gradients is …': 'the loss is finite, the norm is not',
    'the loss is …': 'the loss is not finite',
  },
  'src/slimming/fitting/judge.ts': { 'a state without parameters': 'never: every state has them' },
  'src/slimming/lock.ts': {
    '…: … is running this training: wait for it or write to another file; if that process no longer exists, remove …':
      'a process of the number in the lock is there, or the lock is that of another machine, or nobody could take it in three attempts',
    'another process': 'the lock does not say whose it is',
    'process … on …': 'the lock says whose it is',
  },
  'src/slimming/teacher/model-teacher.ts': {
    "its output '…' does not say how many classes it gives":
      'neither the declaration of the output nor a run tells its second size',
  },
  'src/slimming/fitting/state.ts': {
    '…: there is no such state: nothing was interrupted, leave … out':
      'an interrupted run is to go on, and beside the output there is no state',
    '…: no state to resume from: …': 'the state is no safetensors file, or one of something else',
    'it does not identify its training':
      'the metadata of the state lacks its description, or that is damaged',
    '…: it is the state of another training, …: use the same options, or leave … out to start over':
      'the network, its images, the decoder, or an option that changes the training is another than that of the state',
    "whose … is … where this one's is …": 'what differs of the two trainings is told in both ways',
    'of other …':
      'what differs of the two trainings are lists, of images for instance, that are too long to tell',
    "'…' is damaged": 'a number of a state is infinite or none',
  },
  'src/slimming/teacher/teacher.ts': {
    '…: its recipe has …, and a student learns from whole images: give … to say how these are normalized, and …':
      "the teacher's recipe crops, resamples, transposes, mirrors, or slides windows",
    'sliding windows': "the teacher's recipe slides windows",
    '…: its decoder is an nmODE (…) already: give a network with a decoder of its own, or … to fit another one to it':
      'the metadata of the .onnx model names an nmODE decoder, without force',
  },
};

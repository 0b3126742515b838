import type { Conditions } from '../../conditions.js';

/** What networks are, and how they are built. */
export const NETWORKS: Conditions = {
  'exporters/backbones/plain/families.ts': {
    '… of … channels is not a plain U-Net':
      'never: the keys of each of these networks are wired at every width',
  },
  'exporters/backbones/usuyama-resnet.ts': {
    'no feature': 'never: its encoder gives six features',
  },
  'exporters/backbones/plain/network.ts': {
    'stage … has no output': 'a fault of this package: a wiring joins what has not run',
    'stage … has no input': 'a fault of this package: a shortcut begins behind its end',
  },
  'exporters/nn/activations.ts': {
    "no activation '…'": 'a program hands activate() a name that isActivationName() refuses',
  },
  'exporters/backbones/backbone.ts': {
    'backbone …: …, expected whole scales from shallow to deep':
      "of an encoder's features there are none, or one has a height that is no whole part of 65536 or larger than the one before it",
    'it has no feature': 'the encoder returns an empty list',
    'its features have the scales …': 'the encoder returns features, and their scales are at fault',
  },
  'exporters/backbones/define.ts': {
    'backbone …: …': 'what a backbone of the user is defined by is wrong, or its code throws; its id is fine',
    'inputChannels is …, expected a whole number of at least 1':
      'inputChannels is no safe integer or below 1',
    'features returns …, …': 'what the function of the user returns is not an array',
    'features returns an array with …, …': 'an element of the array lacks dtype, shape or source',
    'the id of a backbone …': 'the id has other characters, or is taken',
    "is '…', expected letters, digits, '_', '.' and '-'":
      'the id is empty or has other characters than these',
    "is '…', which is known already: give it another": 'a backbone of this package has the same id',
    'expected an array of what layers return': 'features returns something else than an array of values',
    'a promise': 'what was found is a Promise, as of an async function',
    'an array': 'what was found is an array and no value',
    'a value of type …': 'what was found is neither undefined, null, a promise nor an array',
  },
  'exporters/backbones/index.ts': {
    'the backbone is neither a name nor what defineBackbone returns':
      'the option is no string and has no method `network`',
    "no backbone '…': there are …": 'the name is that of no backbone in the list that is printed',
    '… does not apply to …: … take arguments':
      'arguments are given for a backbone that is known by its keys alone',
  },
  'exporters/backbones/unet.ts': {
    'open sizes need the two deepest levels to be equally wide: give `size`':
      'height or width is open, and the feature that is doubled has other channels than the skip that it is padded to',
  },
  'exporters/assembly/export-plan.ts': {
    '… requires …':
      'bits of images are given for a model that takes prepared pixels, or arguments of a backbone without the backbone',
  },
  'exporters/assembly/build.ts': {
    'an operator has no cost': 'never: the operators that networks are built of are all counted',
    'a depth of …: … takes images, … is their height and width':
      'a size of three numbers is given for a network of images',
    '…: … takes volumes, of which a model takes tensors: leave it out':
      'a model that takes images as they are is asked of a network of volumes',
    'a batch of …, expected a whole number of at least 1':
      'the batch of a size is given and no safe integer above 0',
    '… … does not fit: for … it is …':
      'a height or width is given that is no safe integer, below the stride, or no multiple where the network needs one',
    'a whole number of at least …': 'the network takes any size that is no smaller than its stride',
    '… of …': 'the network takes multiples of its stride alone; "positive" where the size is 0 or less',
  },
  'exporters/decoders/solvers.ts': {
    'no solver …': 'never: ids of solvers are those of the table',
  },
  'exporters/decoders/integrate.ts': {
    'a decoder needs at least one feature': 'never: networks and grafts have at least one skip',
  },
  'exporters/assembly/describe.ts': {
    '…: …, but …; …': 'the keys are those of an nmODE decoder, and its head is missing or of another shape',
    'it is nearly …, but …': 'the same, for the message on plain U-Nets',
    'no head: the key … is missing': 'there are keys of nmODE steps, and none of their last convolution',
    'no head: … is …, expected [classes, channels, 1, 1]':
      'the weight of the last convolution has no axes, or none of its outputs',
    '…: …, but …':
      'the keys of an encoder were found, and those of a decoder or its head are lacking or misshapen',
    'no known decoder':
      'there are no keys of nmODE steps, and no more than half of those of the own decoder of the network',
    'its last convolution gives no class': 'the first size of the last weight of the own decoder is 0',
    '…; beside those of its encoder, its keys begin …':
      'there are keys that are neither those of the encoder nor ones that may be left aside',
    'the checkpoint holds an encoder alone: there is nothing to segment with':
      'every key is one of the encoder or of the classifier that it was trained with, or a counter',
    '… checkpoints have the same keys: choose one with ……':
      'no decoder was told, and the keys are those of several, such as EED and LMD',
    ', and the activation with `activation`': 'neither decoder nor activation was told',
    'its keys are those of …, not of …': 'a decoder was told which is none that the keys allow',
    ' or ': 'several names may be given, and are listed',
    '… does not apply to …':
      "an option of a solver was given, such as LMD's form, and the decoder is another",
    '…, expected …':
      'a program gives a head, an activation or an option of a solver that is not one of those listed',
    'a checkpoint does not hold the activation between steps: give … …':
      'the decoder is of nmODE steps, and no activation was told',
    '…: up1.g has an even kernel of …, expected an odd one':
      'the third size of the first weight of the decoder is even',
    '`activation` does not apply to the original decoder':
      'an activation between solver steps was told, and the decoder of the network has no steps',
    'a decoder without its keys':
      'never: detect() allows nmODE decoders with their form, and the original one with its own',
    '… has no decoder of its own': 'never: callers ask for the original decoder where the network has one',
  },
  'exporters/assembly/network-weights.ts': {
    '…: it is not the network of …: folds of one training are averaged':
      'a fold has another network, number of classes, decoder or other keys than the first',
  },
  'exporters/assembly/library-recipe.ts': {
    '…: labels are made by …, expected …: give …, and make labels of the probabilities':
      "the plans name a label manager that is not nnU-Net's",
    '…: images are prepared by …, expected …: give …, or images that are prepared so':
      "a plan names a class of its own in the place of nnU-Net's",
    'a network of no channels': 'a plan has a preparation for no channel',
    'CTNormalization without its intensities': 'a plan was read without the intensities that it needs',
    '…: images are resampled by …, expected resample_data_or_seg_to_shape of order 0, 1 or 3 and back of order 1, or resample_torch_fornnunet: run the network on images that are resampled':
      'a plan of other spacings than those of its images resamples by another function or order',
    ' and ': 'joins the functions for images and for what the network gives',
    '…: transpose_forward puts axis … first, which an image has no other slices along: expected 0':
      'a plan of images makes slices of their rows or columns',
  },
  'exporters/assembly/image-io.ts': {
    '…: the recipe has …, which a graph cannot do: leave … out, and images are prepared outside the model':
      'a model that takes images as they are is asked for, and its recipe crops, resamples, transposes, mirrors, slides or names files',
    'sizing slide': 'the recipe slides windows over images',
  },
  'exporters/assembly/export-model.ts': {
    'a batch of …: a model that takes images as they are takes one image at a time':
      'the model is to take images (io: image), and the batch of its size is given and not 1',
    'resizes images to': 'the recipe resizes',
    'has windows of': 'the recipe slides windows over images',
    'the recipe … …x…, which contradicts …':
      'a recipe with a resize was given, beside native sizes or beside a height or width that differs',
    'the size …x…': 'native sizes were not asked for, and the size that was given differs',
    'images cannot keep their own size where the input has a fixed one':
      'images are to be padded, by the recipe or by native sizes, and height or width is fixed',
    'the recipe pads to a multiple of …, expected one of …, which every level divides':
      'a recipe that pads was given, and its multiple is not one of the stride',
    '…: the … classes are 0 to …':
      'the head is a softmax over several classes, and the index that was given is not one of theirs',
    '… does not apply: …': 'an index was given, and the head is no softmax over several classes',
    'there is one class': 'the network has one class',
    'the head is …, and only a softmax has a background':
      'there are several classes behind a sigmoid or without a head',
  },
  'exporters/assembly/head.ts': {
    "`head: 'softmax'`: over one class it is always 1, use sigmoid":
      'the head is a softmax, and there is one class',
    '…: … classes, and a checkpoint does not hold what follows the logits: give …; to export logits, …':
      'no head was told, and there are two classes or more',
    '…: the network was trained to end in a softmax over one class, which is always 1: … gives what goes into it':
      'the activation that its arguments say is a softmax, there is one class, and the head that is given is not none',
    '…: …, but the network was trained to end in …: leave it out, or give … for logits':
      'the activation that its arguments say is another than the head that is given, which is not none',
  },
  'exporters/nn/convolution.ts': {
    '…: … pads … pixels at each end of …, expected … at least: it needs a larger input':
      'padding reflects or wraps, and an axis of known size is shorter than that needs',
    '…: … groups do not divide both the … channels taken and the … given':
      'a convolution has groups that leave a rest of its input or output channels',
    '…: … sizes, […], for … axes of space':
      'a kernel, stride or padding is said for another number of axes than the input has',
  },
  'exporters/nn/within.ts': {
    'the number of channels is open': 'never: inputs of networks have their channels in numbers',
    "a layer has '…' for its weights, expected weights.scope(...)":
      'JavaScript code of a user calls a layer with something else than weights',
  },
  'exporters/nn/layers.ts': {
    "no activation '…': there are …": 'code of a user names an activation layer that does not exist',
  },
  'exporters/assembly/locate.ts': {
    '…: it holds … networks, …: choose one with …':
      'no network is there by the keys as they are, and below two prefixes or more is a whole one with its decoder',
    "… below '……'": 'each of those networks, with what its keys begin with in the file',
  },
  'exporters/assembly/recognise.ts': {
    'give weights of that network, or leave out what says it':
      'half of the keys of the network that is said are there at most',
    'its keys… are not those of ……: …; …':
      'the user said which network it is, and its keys are not all there',
    ' but of …': 'the user said another network than the one whose keys are all there',
    "… of the … keys of …'s encoder fit": 'the network that is closest, in both messages on it',
    " below '…'": 'the closest network was looked for below a prefix',
    "write its encoder with defineBackbone (docs/backbones.md), or export it with PyTorch's torch.onnx.export and use nmode graft or nmode optimize":
      'the checkpoint is of no network that is known, and the user named none',
    'no known network; …; …': 'no network has all its keys, and some has a few',
    '…: no known network; …; where it is that, …; else …':
      'no network has all its keys, and more than half of the keys of one are there',
    'no known network (known: …); its … keys begin …; …':
      'no key of any known network is there with its shape',
  },
  'exporters/nn/settings.ts': {
    '… applies only to bilinear upsampling': 'align_corners is given beside upsampling by nearest',
    '…: … does not apply: …': 'a setting was given that no layer asked for while the graph was built',
    'there is no maximum pooling among the layers that are written':
      'no layer that was built is a maximum pooling',
    'none of the layers that are written is an activation of a backbone (gates do not count)':
      'no layer that was built is an activation, unless one that weighs features',
    'activation in nmODE blocks': 'what the setting is called among what was assumed',
    'there is no nmODE decoder': 'no step of an nmODE decoder was built: each has the activation',
    'BatchNorm eps': 'what the setting is called among what was assumed',
    'there is no BatchNorm': 'no layer that was built is a BatchNorm',
    'no convolution is padded': 'every convolution that was built has a padding of 0',
    'nothing is interpolated': 'no layer that was built upsamples by interpolation',
    'nothing is interpolated bilinearly': 'no layer that was built upsamples bilinearly',
  },
  'exporters/nn/weights.ts': {
    "…: tensor '…': …": 'the bytes of a weight that is needed cannot be read or hold what no weight is',
    "…: tensor '…': it is missing or does not fit":
      'a program reads a weight that the file lacks, or that is not one of floating-point numbers of its shape',
    'element … is a negative variance: the file is damaged':
      'a running variance of BatchNorm is below 0, whose root is NaN',
    'element … is not a number or infinite: the training diverged, or the file is damaged':
      'a float32 of a weight that is needed has all bits of its exponent set',
    'keys do not fit the network: ':
      'keys are missing, misshapen or, within the modules of the network, unused; not where tensors that cannot be read are all',
    ' (`ignore` skips keys)': 'the one thing wrong is keys that the network does not use',
  },
};

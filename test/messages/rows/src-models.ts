import type { Conditions } from '../conditions.js';

/** What is said where models are made, rewritten and compared. */
export const SRC_MODELS: Conditions = {
  'src/api/structure/structure.ts': {
    '…: it may hold … plain U-Nets, below …: choose one with …':
      'keys of other layers stand beside, and below two prefixes at least the shapes allow a plain U-Net',
    '… cannot be combined with …: both say what the network is': 'assume and a backbone are given together',
    '…: … does not apply: its keys are those of …':
      'assume is given for a checkpoint whose keys are those of a known network',
    '…: …: there is no such hypothesis; the likeliest is …':
      'assume is not one of the ids that the shapes of this checkpoint lead to',
    ' (…; where it is that, …)': 'more than half of the keys of a known network are there',
    '…: its keys are those of no known network…, its shapes those of plain U-Nets, of which … is the likeliest: give …, which tells them apart (docs/plain-unets.md), or take one with …':
      'no known network has the keys, at least one wiring fits the shapes, and neither a reference nor assume is given',
    '…: its keys are those of no known network, and its shapes make no plain U-Net: …; where keys are missing, …; else write its encoder with defineBackbone (docs/backbones.md)':
      'no known network has the keys, most layers are convolutions, and no wiring uses all of them',
  },
  'src/api/structure/structure-search.ts': {
    '…: none of … plain U-Nets that its shapes allow gives the outputs of …; the closest, …, is off by …: check that the reference was made with model.eval() and with …, or write the encoder with defineBackbone (docs/backbones.md)':
      'every hypothesis that takes and gives tensors of these shapes was run, and each misses the tolerance',
    'this checkpoint': 'the checkpoint holds the weights of one network once',
    'these weights (…)': 'the checkpoint holds a network and its average, one of which was taken',
    "…: its output of […] is smaller than its input of […], as where convolutions have no padding: such networks are not tried; export it with PyTorch's torch.onnx.export and use nmode graft or nmode optimize":
      'no hypothesis takes and gives such tensors, and both sides of the output are shorter than those of the input',
    '…: an input and an output [N, C, H, W] are expected, it has […] and […]':
      'one of the two tensors is of integers or has another rank than 4',
    '…: it goes from […] to […], a network of these shapes from [N, …, H, W] to [N, …, H, W], H and W multiples of …':
      'no hypothesis has these channels and divides this size, or input and output differ in size',
  },
  'src/api/structure/structure-bench.ts': {
    'no output …': 'a fault of this package: a session gives less than its graph has',
  },
  'src/api/graft.ts': {
    'give the weights of the decoder with `weights`, or else `init: true`':
      'neither weights nor init are given, or both',
  },
  'src/transform/lifting.ts': {
    'opset …, expected … to …': 'an opset to lift to is not one of 13 to 21',
    "opset … is before the model's …: models are lifted, never lowered":
      'an opset is asked for that is before that of the model',
  },
  'src/transform/precision-lowering.ts': {
    '…: no convolution can be quantised at ………; nothing was written':
      'there are convolutions for int8, and with not even one of them on integers was the loss seen to be within what is allowed',
    ' in … minutes: give more `minutes`': 'the time that minutes gives was up before all had been tried',
    '…: it holds … already, and … needs float32: give a float32 model of the network':
      'the note of this package tells of a lower precision, or the graph has quantising operators or float16 constants',
    "…: its convolutions are in Winograd's form (…), which … does not support: give the original model":
      'the note of this package tells of the level latency, at which a convolution took that form',
    'values in float16': 'the note says fp16, or an initializer or Constant node is float16',
    'quantised values': 'the note says int8, or an operator quantises, dequantises or computes with integers',
    'weights in int8': 'the note of this package says int8-weights',
    '…: its weights cannot be in …: they are also inputs, which may be overridden: `optimizeModel({ freeze: true })` treats them as constants; nothing was written':
      'of what a precision would lower, at least half of all bytes, or some where nothing was lowered, are weights that are inputs of a graph of IR version 4 or later too',
    '…: nothing of it can be in …: it holds no ……; nothing was written':
      'the weights are as large as before or, for int8, no convolution is one that can be quantised',
  },
  'src/transform/reach.ts': {
    '…: only … would be in ……; nothing was written (… writes it anyway)':
      'halves or integers have less than a tenth of the multiply-adds, or of the weights where sizes are not known, and force is not given',
    '… % of the …': 'how much that is, and of what: weights where sizes are not known',
  },
  'src/measuring/measure.ts': {
    "input '…' […] is larger than what is measured with":
      'with 1 and 256 for what is open, an input has more than 2^28 elements',
  },
  'src/transform/calibration-inputs.ts': {
    '…: it holds no image': 'never known: finding the images and reading the form of the input fail before',
    'no image': 'never: a batch has at least one image',
    'models that take images take one': 'never: a uint8 input of a fixed batch above 1 is refused before',
  },
  'src/parity/tolerance.ts': {
    '… requires …': 'atol or rtol is given without a reference',
    '…, expected a number of at least 0': 'atol or rtol is negative, infinite or NaN',
  },
  'src/transform/default-sizes.ts': {
    'no sizes are declared for …': 'never: what is asked for is an input that was found by its sizes',
  },
  'src/transform/output-of.ts': {
    "no output '…'": 'a run that succeeded did not give one of the outputs of its model',
  },
  'src/transform/image-comparison.ts': {
    "…: the model itself gives NaN or infinity in '…' for …: ":
      'the model, as it was before it was rewritten, gives what is not finite for a typical image',
    'there is nothing to compare with, and nothing was written': 'the end of the line above',
    "…: '…' holds NaN or infinity for …, where the model gives numbers; nothing was written":
      'a lowered model gives what is not finite for an extreme image, and the model before it all finite values',
  },
  'src/api/skips.ts': {
    '…: no feature map float32 [N, C, H, W] of a part of the image lies between it and an output':
      'no tensor that a decoder could take is found at any resolution',
    "…: its feature maps are …, such as '…', expected float32: give the float32 model that it was made of, and lower the precision afterwards":
      'the same, and there are tensors of four axes of another float',
  },
  'src/cli/start.ts': {
    'the export was not verified': 'the export of npm start came without a comparison of its mask',
  },
  'src/transform/tolerance.ts': {
    '; they are bundled, give representative ones with …':
      'a lower precision costs more on the bundled images than is allowed, by numbers that are finite',
    '…: on … images ………; nothing was written':
      'an output is further from that of the model before than is allowed',
    '; the images were prepared by an assumed …, and others may agree':
      'that, or int8 was refused for every convolution, and neither the model nor an option said how images are prepared',
    '…: on … images no mask was found, so the loss is unknown: give representative ones with …; nothing was written':
      'a lower precision is asked for, and in no output that is cut into masks has any image a pixel of one',
  },
  'src/transform/transform.ts': {
    "… '…', expected …":
      'a program gives a level, precision, target or method that is not one of those listed',
    'maxDscDrop …, expected a number from 0 to 1': 'maxDscDrop is below 0, above 1 or NaN',
    "… cannot be combined with Winograd's form of convolutions: leave … out":
      'a lower precision is asked for together with the level latency',
    "`precompute` requires `level: 'latency'` for cpu or wasm":
      'precompute is given at another level than latency, or for webgpu',
    'int8 is calibrated on representative images: give a folder of them with `calibrate`':
      'int8 is asked for without a folder to calibrate on',
    '… and … do not apply to …': 'one of the two is given for another precision than int8',
    '`maxDscDrop` applies only to fp16, int8 and int8-weights': 'maxDscDrop is given for fp32',
    '`force` applies only to fp16 and int8': 'force is given for another precision',
    'minutes …, expected a number above 0': 'minutes is 0, negative or NaN',
  },
  'src/api/verify.ts': {
    'the model takes images as they are, a reference holds prepared pixels: verify the network without its preprocessing, as `exportModel({ reference })` does':
      'an input of the model is uint8',
  },
  'src/api/write-proven.ts': {
    'the model misses the reference: …; nothing was written. ':
      'an output is beyond the tolerance, before a file was begun',
    'check that the reference was saved after model.eval(), and that … (several solvers have the same keys), …, the form of the solver, … and … are those of the training':
      'every miss: none of these can be told from weights alone',
    '; note: ': 'goes before each note of the export and each hint at why the reference may be missed',
    '… by … where … is allowed':
      'this output is beyond the tolerance: its largest difference, and what it was held to',
  },
  'src/api/training.ts': {
    "of the given tensors '…' …, the layer takes …":
      'a layer asks for a weight that is not given in its size',
    'is …': 'the tensor of that key has more or fewer elements than the layer takes',
    'is not there': 'no tensor has the key of the weight',
  },
};

import type { Conditions } from '../conditions.js';
import { RUNTIME_IMAGES } from './runtime-images.js';
import { RUNTIME_MASKS } from './runtime-masks.js';
import { RUNTIME_SERVER } from './runtime-server.js';
import { RUNTIME_SESSIONS } from './runtime-sessions.js';
import { RUNTIME_WEB } from './runtime-web.js';

export const RUNTIME: Conditions = {
  ...RUNTIME_IMAGES,
  ...RUNTIME_MASKS,
  ...RUNTIME_SERVER,
  ...RUNTIME_SESSIONS,
  ...RUNTIME_WEB,
  'runtime/layout.ts': {
    "a layout of '…', expected …": 'a program gives a layout other than NCHW and NHWC',
    ' or ': 'joins the layouts that there are',
    "it takes images as they are, whose channels are last: `layout: 'NCHW'` contradicts that":
      'NCHW is said of a model whose input is uint8 or uint16',
    "its metadata …: '…' is not one of …": 'the metadata have an entry nmode.layout of another text',
    'it takes […], whose layout is …: … contradicts that':
      'NHWC is said of an input that has 1 to 4 channels in second place, or NCHW of one that has them last, or sides that are open',
  },
  'runtime/input-spec.ts': {
    'it takes …, a volume: volumes cannot be read from files, but createSession and a server accept them as tensors':
      'images are to be given to a model whose one input has five axes',
    'it takes …, expected one image: float32 [N, C, H, W] or [N, H, W, C], or uint8 or uint16 [1, H, W, C]':
      'there are no or several inputs, or the one has another rank than 4 or leaves its channels open',
    ' and ': 'the model takes several inputs',
    'it takes …, expected float32, uint8 or uint16':
      'the one input has the shape of an image and another type',
    'it takes … images at a time, expected 1 or an open batch': 'the batch of the input is fixed above 1',
    'it takes raw images and preprocesses them in its graph: a recipe does not apply':
      'a recipe or a window is given for a model whose input is uint8 or uint16',
    'it has no recipe: set one with `recipe`':
      'a recipe is asked for strictly, and neither the metadata nor the caller give a normalization',
    'a memory budget of … bytes, expected more than 0': 'the memory budget is 0, negative or NaN',
    'its … is …, but … keeps images at their own size':
      'the recipe pads, and height or width of the input is fixed',
    'its … is …, but … … …':
      'the recipe resizes to another height or width than the input is fixed to, or has windows of another',
    'resizes to': 'the recipe resizes images',
    'has windows of': 'the recipe slides windows over images',
    '…: nothing says along which axes this network may be mirrored':
      'mirroring is asked for, and the recipe names no axis',
    'a spacing of … x …, expected two numbers above 0': 'a program gives a size of pixels that is none',
    '… does not apply: the model resamples images …':
      'a size of pixels is given, and the recipe has no spacing in millimetres',
    'to no spacing': 'the recipe has no spacing',
    'by their pixels, whatever their size is': 'the spacing of the recipe is in pixels of the image',
    '… … x … pixels, more than can be held': 'the size that images are resized to is above 2^24 pixels',
    '… pads to a multiple of … pixels, more than can be held':
      'the square of the multiple is above 2^24 pixels',
    'of any shape': 'an input is declared without a shape',
    '… is of': 'the size is of the recipe that the caller gives',
    'it takes': 'the size is that of the model: its input, or its own recipe',
  },
  'runtime/output-spec.ts': {
    "its first output is '…', not '…': optimizeModel with … writes a model of that one":
      'an output is asked for by name of an outline in which it is not the first',
    "no output is named '…': it has …":
      'in browsers, an output is asked for by a name that none of the model has',
    'it gives …, expected probabilities in float32': 'the first output is declared with another type',
    "a head of '…', expected …": 'a program gives a head other than sigmoid and softmax',
    ' or ': 'joins the heads that can be applied',
    'it returns logits, not probabilities: convert them with …':
      'the graph ends in sums of products, or does not tell and the metadata say none, and no head is given',
    '… in a …: a … behind it would change its probabilities':
      'a head is given where graph or metadata say that there is one',
    "`head: 'softmax'`: over one class it is always 1, use sigmoid":
      'a softmax is asked for where one class is declared',
    'a background of …, expected the index of a class, from 0 on, or none':
      'a program gives a background that is neither a whole number of at least 0 nor none',
    '… does not apply: …': 'a background is given where there is one class or no softmax is known of',
    'it ends': 'the operators of the graph tell what the output is',
    'its metadata … says that it ends': 'the graph does not tell what the output is, and its metadata do',
    'it has one class': 'the output is declared with one class',
    'nothing says that its classes exclude each other, as those of a softmax do':
      'neither the graph, the metadata nor a head that is given tell what the output is',
    'its classes do not exclude each other':
      'the output is a sigmoid, by the graph, the metadata or the head that is given',
    "its output '…' is of folds, and its metadata … do not say of how many":
      'a model has an output of this name, and no number of folds from 2 on',
    'it has … regions, the model gives … classes':
      'the regions of the metadata are not as many as the classes that the output declares',
  },
  'runtime/common/naming.ts': {
    'its metadata …: …':
      'recipe, background, regions or names of classes in the metadata are malformed, or do not fit the model',
    'onnxruntime: ': "what errors that are in onnxruntime's words begin with, and are known by",
  },
  'runtime/node/model.ts': {
    "the model does not end in a Resize: its probabilities have no other size than each image's own (`at: 'image'`)":
      "masks are wanted at the network's size, the model takes uint8, and no Resize computes its first output",
    "…: no output is named '…': it has …": 'an output is asked for by a name that none of the model has',
    'expected the path of a model, or its bytes, found …':
      'a program gives neither a text, a URL, a buffer nor a view of bytes for a model',
    '…: a checkpoint by its extension, expected an .onnx model: export it first':
      'a path ends in .pth, .pt, .ckpt or .safetensors where a model is expected; its contents are not looked at',
  },
  'runtime/node/path-of.ts': {
    '…: expected a file: fetch its bytes first': 'the URL of a file is not a file: URL',
    '…: not a file of this machine: …':
      "a file: URL names another host, or Node's fileURLToPath refuses its path",
  },
  'runtime/node/packages.ts': {
    'npm install …': 'what brings the missing packages, for a message',
    '… needs …':
      'a package that npm does not install by itself (peerDependencies) is asked for and not there',
  },
  'runtime/node/segmenter.ts': {
    'the list of the channels of an image takes paths, file: URLs, Blobs and bytes':
      'an entry of the list that a program gives for an image is nothing of these',
    'sharp: …': 'sharp or its native library cannot be loaded',
  },
  'runtime/segmentation.ts': {
    'threshold … is not from 0 to 1': 'the threshold is below 0, above 1 or NaN',
    'a minimum area of …, expected a whole number of pixels from 0 on':
      'the area is negative or no whole number',
  },
  'runtime/segmenter.ts': {
    '…: the model gives no class': 'never known: all classes were background, so that there is no mask',
    '…: the model gives nothing': 'a run came without the first output',
    "a Segmenter is loaded, not constructed: await Segmenter.load('model.onnx')":
      'a program calls the constructor of a Segmenter',
  },
};

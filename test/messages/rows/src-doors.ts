import type { Conditions } from '../conditions.js';

/** What the command line and the page say. */
export const SRC_DOORS: Conditions = {
  'src/cli/flags/arguments.ts': {
    'Expected numbers of folds with commas between, or all, for example 0,1,2.':
      '--folds is something else than numbers of up to four digits, or all',
    'Expected HEIGHTxWIDTH in pixels, or DEPTHxHEIGHTxWIDTH of a volume, each from 1 to 99999, for example 256x256.':
      'the size of an export is neither two nor three whole numbers of at most five digits from 1 on with an x between',
    'Expected HEIGHTxWIDTH in pixels, each from 1 to 99999, for example 256x256.':
      'a size is not two whole numbers of at most five digits from 1 on with an x between',
    'Expected HEIGHT,WIDTH, two numbers above 0, for example 0.8,0.8.':
      '--spacing is not two decimal numbers above 0 with a comma between',
    'Expected a whole number from … to …….': 'a count is no whole number, or beyond its bounds',
    'Expected R,G,B, whole numbers from 0 to 255, for example 0,128,0.':
      'a colour has not three parts, or one that is no whole number up to 255',
    'Expected a path.': 'the value of a flag that takes a path is empty',
    'Expected a file (./- for one of that name).':
      'a model is to be written to -, which stands for standard output',
    'Expected ….': 'a number is none in decimal notation, infinite, or outside the bounds that follow',
  },
  'src/cli/commands/predict.ts': {
    'standard output takes the mask or the JSON document, not both': '--json is given with -o -',
    '… of … images failed': 'an image failed, and it was not the only one',
  },
  'src/cli/flags/text-file.ts': {
    'it is a folder': 'the file of --classes or --recipe is a folder',
    'it is not in UTF-8: save it as such':
      'the bytes of the file of --classes or --recipe are no UTF-8, as those of UTF-16 are none',
    'it has more than … bytes': 'the file of --classes or --recipe goes on after 262,144 bytes',
  },
  'src/files/orientation-mismatch.ts': {
    '…: it is ……, its mask ……': 'an image and its ground-truth mask, both upright, differ in size',
    "…: expected a mask of the image's size, resize it without blending":
      'they do, and it is no matter of which of the two is turned',
    '…: one of the two is turned and the other is not, save …':
      'they do by width and height swapped, and the EXIF orientation of one of the two swaps sides',
    ' after its EXIF orientation …': 'the same, said of the one that has an orientation',
    'the mask as its image is turned': 'the same, the image being turned',
    'the mask as its image is stored': 'the same, the mask being turned',
  },
  'src/files/image-cases.ts': {
    'it is not a folder, where patterns look for files':
      'patterns are to be looked for in something that is a file',

    'the name of a file is empty': 'there is no file, or nothing between two commas',
    '… is in some of …, and not in all': 'files by name and patterns are mixed',
    '… holds … elsewhere than once in the name of the file':
      'the place of the name is in the folder of a pattern, or twice in the name of its file',
    '…: for the images of a folder, expected patterns with …':
      'files are told by name where a folder is looked through',
    ' and ': 'joins the files that are missing',
    '…: it holds no file by …': 'no file of the folder is by any of the patterns',
    '…: cannot be read: …': 'the folder of a pattern cannot be listed',
  },
  'src/cli/flags/model-flags.ts': {
    'Expected CENTRE,WIDTH, two numbers, the width above 0, for example 40,400.':
      '--window is not two decimal numbers with a comma between, or the second is 0 or below',
    'Expected … or a .json file.': '--recipe is neither the name of a normalization nor ends in .json',
  },
  'src/cli/commands/inspect.ts': {
    '`why` applies only to a model': '--why is given for a checkpoint',
  },
  'src/cli/commands/serve.ts': {
    '--tls-cert and --tls-key go together': 'one of the two flags is given without the other',
  },
  'src/api/serve-limits.ts': {
    '… is …, expected … to …':
      'a limit of a server, by the name of its option, is NaN or outside of its range',
    'maxInflight is … bytes, less than the … of one body (maxBody)':
      'the limit of all bodies is given, and below that of one',
  },
  'src/cli/flags/setting-flags.ts': {
    'Expected a JSON object, for example {"encoder_name": "resnet50"}.':
      '--backbone-arguments is JSON, and no object',
    'Expected …, for example leaky-relu:0.1.':
      'the name of an activation, or its parameter, is none that is known',
  },
  'src/cli/commands/verify.ts': {
    '…: beyond the tolerance':
      'an element of an output is further from the reference than atol and rtol allow, or NaN',
  },
  'src/demo/elements.ts': {
    "the page has no … '…'": "the page's HTML has no element of that id and kind",
  },
  'src/demo/engine.ts': {
    'nothing is being loaded': 'the segmenter is asked for before any was wished for',
  },
  'src/demo/stage.ts': {
    'the segmenter kept its pixels':
      'a segmentation came without the pixels and probabilities that it was asked for',
  },
  'src/demo/painting/painter.ts': {
    '…: its masks are of the labels …, those of the first model of …: choose a model of the same classes':
      'a second model has masks of other labels than the first',
    'there is no image': 'a painting is asked for before an image was taken',
    '…: choose the class whose foreground the truth is, or clear that field':
      'a label or colour of truth is foreground, the model gives several classes, and all of them are shown',
    '…: it has …x… pixels, the image …x……':
      'a ground truth has another width or height than the image, both upright',
    'there is no mask': 'a PNG is asked for before the first painting',
    ', one of the two is turned: save the mask as the image is shown':
      'the width of each is the height of the other',
  },
  'src/demo/second-model.ts': {
    'the segmenter kept its pixels': 'a segmentation by the second model came without its probabilities',
  },
  'src/demo/sources.ts': {
    'this browser gives it to no page':
      'the page is from https or localhost, and there are no media devices all the same',
    'a page from https or localhost may use it':
      'there are no media devices, and the page is no secure context',
  },
  'src/demo/fields/truth-fields.ts': {
    "'…' is neither a label nor a colour R,G,B":
      'the field for the foreground has two, or more than three, numbers',
    "'…' is no whole number from 0 to 65535: expected …":
      'a part of a field is no whole number, or above 65535',
  },
};

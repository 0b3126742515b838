import type { Conditions } from '../conditions.js';
import { SRC_BATCH } from './src-batch.js';
import { SRC_DOORS } from './src-doors.js';
import { SRC_MODELS } from './src-models.js';
import { SRC_SLIMMING } from './src-slimming.js';

export const SRC: Conditions = {
  ...SRC_BATCH,
  ...SRC_DOORS,
  ...SRC_MODELS,
  ...SRC_SLIMMING,
  'src/measuring/bench-child.ts': {
    'no model is open': 'the process of a model is asked to run before it opened one',
  },
  'src/measuring/bench-model.ts': {
    "…: input '…' declares no sizes: it cannot be fed": 'an input is declared without a type or a shape',
    "…: input '…' is […]: axis … cannot be …":
      'a batch, height or width is asked for where the axis is fixed, or bound to another axis, at another size',
  },
  'src/api/bench.ts': {
    'no model is given': 'the list of models is empty',
    'no provider is given': 'the list of providers is given and empty',
    '… threads: expected … at most, … for each core':
      'more threads are asked for than four times the cores that may be used',
    '… requires …': 'workers other than 1 are given in the scenario single',
    'no contestant': 'never: models and providers were checked not to be empty',
  },
  'src/api/compare.ts': {
    'an operator has no cost':
      'a network of this package holds an operator whose multiply-adds are not counted',
    '… requires …': 'runs are given without time',
    'a width of …, expected a whole number from 1 to …': 'the width is no whole number from 1 to 400',
    '… does not apply to …: only to …': 'none of the backbones that are chosen has a base width',
    'a size of …x…: … takes volumes, … is their depth, height and width':
      'a size without a depth is given for the checkpoint of a network of volumes',
    '… requires a checkpoint': 'one of key, prefix, ignore, assume and reference is given, and no checkpoint',
    '… cannot be combined with a checkpoint, which says what its network is':
      'backbones or a width are given beside a checkpoint',
    '…: … does not apply: its keys are those of …, and what is compared has no weights':
      'a reference is given for a checkpoint whose keys are those of a known network',
  },
  'src/api/evaluate.ts': {
    '…: expected …, a folder for its counts': 'evaluate is given a shard, and no folder or -',
    '… shows the worst of all images: merge the shards, then ask for it with … and the merged folder, where nothing is counted again':
      'a report is asked for of a shard that is not all images',
    '…: a report is an .html file': 'the path of the report ends in neither .html nor .htm',
    '…: it gives masks of … classes, each of which is compared with its own label in the ground truth: … selects a single foreground':
      'the model gives masks of several classes, and a label or colour of one foreground is given',
  },
  'src/reports/evaluation-report.ts': {
    'no pixels were given': 'a segmentation came without the pixels that it was asked for',
  },
  'src/files/find-images.ts': {
    'it is neither a file nor a folder': 'the path is a device, pipe or socket',
    '…: cannot be read: …': 'the path is not there, may not be read, or is a folder without images',
    'it holds no ……': 'no file of the folder that is not hidden has an extension of an image',
    ', but …, and …': 'the same, and one has the extension of a format of volumes',
  },
  'src/api/inspect.ts': {
    '… does not apply to a model': 'key, prefix or ignore is given for a file whose name ends in .onnx',
  },
  'src/api/loadtest.ts': {
    '`clients` make a closed loop and `rate` an open one: give one of them': 'clients and rate are given',
    '…: no request succeeded: …': 'no request was answered with 200; statuses and reasons are counted',
    'none was sent': 'the time was over before a first request',
    "'…' is not a URL of http or https: expected one as http://127.0.0.1:8000":
      'the text is not a URL, or of another protocol',
    'the server says …': 'the repository or the model was asked for, and the status is not 200',
    'the server has …': 'no model is named, and the repository does not list one alone',
    "input '…' is …: only … are sent": 'the model has an input of another type than FP32 and UINT8',
    'no model': 'the repository lists none',
    '…: choose a model with …': 'the repository lists several',
  },
  'src/files/pairs.ts': {
    '…: no image can be paired with a mask of its name in …………':
      'no image has one mask of its name that is of no other image; the first reason follows',
    ', and in one folder masks are named NAME_mask.png': 'images and masks are in one folder',
  },
  'src/slimming/split.ts': {
    '…: expected a share of the images between 0 and 1, such as 0.2':
      'the share that is held out is not a number, 0 or less, or 1 or more',
    'all … images are near-duplicates of one another, so none tells how a network does on others: give images of other patients or scenes':
      'there are several images, and all are one group of near-duplicates',
    'one image': 'there is one image',
    ', of which … are no near-duplicates of each other':
      'there are fewer groups of near-duplicates than images',
    '……: expected … that differ at least, some to train on, some to choose by and some to test on; a few dozen make a good network':
      'there are fewer than 5 groups of near-duplicates',
    '…: of … images, … of which are for testing, it leaves none to train on: expected … at most':
      'the share that is held out and the images to test on are all images',
  },
  'src/api/predict.ts': {
    'components were not asked for':
      'a segmentation came without the connected components that it was asked for',
    '… mm a pixel, expected a number above 0': 'the side of a pixel is 0, negative, infinite or NaN',
    'standard output takes one mask: name a folder for several files':
      'the output is -, and there are several images, or an overlay or probabilities are wanted',
    '; and … more': 'no image was found at all, and several paths were given',
  },
  'src/api/serve.ts': {
    'the models': 'what cannot be served where the port of nmode serve cannot be had',
    "'…' names no file: expected name=path.onnx":
      'a model is given as an empty text, or nothing follows its =',
    "'…' cannot be a model's name, which is 1 to 100 characters, not dots alone, of A-Z, a-z, 0-9, '_', '.' and '-': try …=…":
      'the name that is given, or that of the file, is empty, too long, of dots alone or has another character',
    "two models are called '…': give one another name, as in other=…":
      'two models have one name, given or of their files',
    'no model is given': 'the list of models is empty',
    '…: cannot be read: …': 'the file of tokens, certificate or key cannot be read',
    '…: a line holds more than a token: expected one per line':
      'a line that is no comment has white space inside',
    '…: it holds no token: expected one per line': 'all lines are empty or comments',
  },
  'src/files/site.ts': {
    'the page': 'what cannot be served where the port of nmode demo cannot be had',
    '… cannot be served: …': 'the server cannot listen at the address and port',
    '…: is not empty: choose a new folder for the page': 'the folder for the page holds something',
    '…: cannot be written: …': 'the files of the page cannot be copied',
    'port … is in use: choose another with …': 'the system says that the address is in use (EADDRINUSE)',
  },
  'src/files/write-whole.ts': {
    '…: cannot be written: …': 'the file system refuses to make the folder, or to write or rename the file',
    '…: the output would overwrite …': 'an output is the same file as an input, under whatever name',
    'it is a folder': 'there is a directory where the file is to be',
    'it is not a regular file': 'there is a device, pipe or socket where the file is to be',
  },
};

import type { Conditions } from '../../conditions.js';

/** Models as a whole: files, checks, names, rewriting. */
export const MODELS: Conditions = {
  'graph/common/at.ts': {
    'index … of … elements':
      'never: whoever asks for an index has made sure that it is there; a miss is a bug',
  },
  'graph/rewriting/assemble.ts': {
    'opset … is not supported: choose 13 to 18': 'an opset was asked for that is not one of 13 to 18',
    'an input is computed': 'never: what callers give as inputs was made by input()',
    'opset … is too old: … (…) needs …':
      'a node of the graph was introduced after the opset that was asked for',
  },
  'graph/analysis/check.ts': {
    'not a valid model: ……': 'at least one of the checks yields a problem; up to four are listed',
    "input '…' is declared twice": 'two inputs of the graph have one name',
    "'…' is used by node '…' …": 'no input, initializer or earlier node gives what a node reads',
    'before it is assigned': 'the node itself or a later one gives what is read',
    'and never assigned': 'no node gives what is read',
    "'…' is assigned twice": 'a node gives what an input, an initializer or another node has given',
    'the graph has no output': 'the list of outputs is empty',
    "an input or output is named '__proto__', which onnxruntime for JavaScript does not take: rename it":
      'an input or an output of the graph has this name',
    "output '…' is never assigned": 'no input, initializer or node gives an output of the graph',
    "node '…': the model imports no opset of domain '…'":
      'a node is of a domain, other than the default, that is not imported',
    "node '…': … needs opset …, the model has …":
      'a known operator of the default domain is newer than the opset of the model',
    'the initializers are larger than the 2 GiB that one ONNX file holds':
      'shapes and types of the initializers take together 2 GiB or more',
    "initializer '…' … takes … bytes, found …":
      'the bytes of an initializer are not as many as its shape and type take',
    "node '…' (…): what is computed from constants alone takes more than … bytes":
      'with this node, values that no input reaches take more than 2 GiB and eight times the constants',
    '; and … more': 'there are more than four problems',
    'declared … …, it is … …':
      'the declared type of an output and the inferred one differ in dtype, rank or a known size',
  },
  'graph/recipe/class-names.ts': {
    'expected a list of names': 'a program gives something that is not an array as names of classes',
    'it names no class': 'a list or file of names is empty',
    'it names … classes, at most …': 'a list or file holds more than 255 names',
    'the name of class … is not a string':
      'an entry of a list or dict of names is a number, null, a list or a dict',
    'class … has no name': 'a name is empty, or white space alone, as a line within a file of names can be',
    'the name of class … holds a control character':
      'a name holds a control character, a line separator, half a surrogate pair, or a mark that turns the direction of text',
    'the name of class … has … characters, at most …': 'a name is longer than 64 characters',
    "'…' names two classes": 'two entries of a list of names are alike',
    'it has … characters, at most … are read': 'a file of names holds more than 65,536 characters',
    'it holds no list of names': 'the JSON of names is neither a list nor a dict',
    'the name of class … has only invisible characters':
      'a name has characters, and all of them are invisible by their Unicode properties',
    "'…' is a list of labels, as of nnU-Net's regions: give a list of the names in the order of the model's output":
      'a value of a dict of names is a list of whole numbers',
    'class … has two names': 'two entries of a dict or list of categories have one number and other names',
    'it has no name for class …: classes are numbered from 0':
      'the numbers in a dict of names are not 0, 1, 2, ... without a gap',
    'it names …, the model gives …: expected a name for each':
      'there are more or fewer names than the model gives classes, the background counted',
  },
  'graph/common/errors.ts': {
    'all … images failed, the first: …':
      'each of two images or more failed with one code, and that is not the one of images',
  },
  'graph/rewriting/extend.ts': {
    '…: rename it in the model': 'the model has the name of an output or of a weight that is added',
  },
  'graph/analysis/features.ts': {
    'it takes …, expected one image [N, C, H, W]':
      'of the inputs that are no initializers, not exactly one has four axes',
    ' and ': 'the model has several inputs',
    'of an unknown type': 'an input declares no tensor type, or one of elements that are not read',
    'of any shape': 'such an input is declared without a shape',
    'it takes … … […]: its channels seem to stand last, expected [N, C, H, W]: export it with channels first (tf2onnx: --inputs-as-nchw …; nmode export: …)':
      'the last size of the image is 1, 3 or 4, and the second is not',
  },
  'graph/file/attribute.ts': {
    "attribute '…' is given twice": 'two attributes of a node have one name',
  },
  'graph/file/budget.ts': {
    'it holds graphs within each other, more than …': 'graphs that are attributes are nested 17 deep or more',
    'it has more than … fields, no more are read':
      'fields of the protobuf and packed numbers, elements of tensors aside, are above a million',
  },
  'graph/file/external.ts': {
    "tensor '…' is stored in '…', …":
      'one of the reasons below holds for the file that a tensor is stored in',
    'which became shorter while it was read':
      'a file of external data ends before what it had when the model was opened',
    'which is not a file': 'the location of external data is a folder or a device',
    'which has … bytes, expected … from … on':
      'offset and length of external data reach beyond the end of the file',
    'which is not a path': 'a location is empty, or holds a backslash or a null character',
    "which is not in the model's folder: nothing else is read":
      'a location is absolute, leads out of the folder of the model, or is a link that does',
    'which is not to be found: it belongs beside the model':
      'the operating system finds no such file, or does not let it be looked at',
  },
  'graph/file/graph.ts': {
    "initializer '…' is stored twice": 'two initializers of the graph have one name',
    "node '…' (…): …": 'an attribute of a node is given twice, or holds a tensor that cannot be read',
  },
  'graph/file/not-a-model.ts': {
    'not an ONNX file (…)':
      'the bytes are no protobuf, or one without graph or opset, and do not begin as a model',
    'truncated: at least … bytes are missing at its end: copy or download it again':
      'the bytes begin with the version and fields of a model, the last of which is longer than what is left of them',
  },
  'graph/file/outline.ts': {
    'it holds no graph or imports no opset': 'the protobuf lacks field 7 or field 8 of a model',
    'it ends in the middle of a number': 'the bytes of a message end within a varint',
    'a number of more than 10 bytes': 'a varint has ten bytes that say it goes on',
    'it ends in the middle of a field': 'the length of a field points beyond its message',
    'a message of more than … fields, no more are read': 'one message has above a million fields',
    'a field of number 0': 'the tag of a field has the number 0, which protobuf does not have',
    'a field of wire type …': 'the wire type of a field is a group or none of protobuf',
  },
  'graph/file/read.ts': {
    'it is not a file': 'the path is that of a directory, a pipe or a device',
    '… bytes are more than the 2 GiB of one ONNX file': 'the file has 2 GiB or more',
    '…: cannot be read: …': 'the operating system refuses the path, or it is not a file of less than 2 GiB',
    'not an ONNX model: it holds no graph or imports no opset':
      'the protobuf was decoded, and lacks a graph or an opset',
    'its metadata or opset imports hold more than this version can keep':
      'a domain or a key of the metadata is there twice, or an entry has fields that onnx.proto does not have',
  },
  'graph/file/sparse.ts': {
    "sparse initializer '…' has values and places that do not fit […], or takes more than 64 MB: store it with its zeros":
      'a weight is stored sparsely, and its values, their places and its sizes disagree, its elements share bytes, or it is larger than 64 MB with its zeros',
  },
  'graph/file/tensor.ts': {
    "tensor '…' has element type …, which is not supported": 'the code of the elements is absent or above 26',
    "tensor '…' holds … strings, found …": 'there are more or fewer strings than the sizes say',
    "tensor '…' is stored in another file, '…': give the path of the model, or save it as one file":
      'the location of the data is EXTERNAL, and the model was given as bytes',
    "tensor '…' is stored in another file, at the impossible … '…'":
      'the offset or the length of external data is no whole number of at least 0',
    "tensor '…' takes … bytes, its file has … for it":
      'the length of external data is another than shape and type take',
    "tensor '…' has impossible sizes […]": 'a size is negative, or the bytes are above 2^53',
    "tensor '…' takes … bytes, found …": 'raw or typed data are not as many as shape and type take',
  },
  'graph/file/write.ts': {
    'a tensor of … bytes holds …':
      'bytes() of an initializer gives another length than its shape and type take',
  },
  'graph/rewriting/head.ts': {
    "its output '…' is …, … needs one float32 [N, classes, H, W]":
      'the first output is known to be of another type or rank, or nothing is known of it',
    'opset …, and a Softmax over channels needs …: give … where images are segmented instead':
      'a softmax is to be added to a model below opset 13',
  },
  'graph/ir/op.ts': {
    "attribute '…' is …, expected …": 'an attribute that the operator has is stored as another type',
    'of a type, or a size, that is not read':
      'the attribute is kept as bytes, since its value is not held here',
    'of type …': 'the attribute is of a type that is held here',
    '… axes are more than …': 'a declared or inferred shape has more than 64 axes',
    'an axis has the impossible size …': 'a known size is negative, no whole number, or above 2^53',
    'the type of its output cannot be inferred':
      'code of this package or of a backbone applies an operator whose sizes are not known',
    ' in …': 'the operator was applied within a module',
    'input … (…) is missing': 'an input that the operator requires is left out',
  },
  'graph/passes/affine-folding.ts': {
    "'…' has no type": 'never: forms are made of values whose types are known',
    'a sum of nothing': 'never: a sum has at least one summand',
  },
  'graph/passes/four.ts': {
    '… numbers, expected 4': 'never: callers ask for the rank, which paddings fit, before',
  },
  'graph/passes/scale-convolution.ts': {
    "node '…' is not a convolution of constant weights": 'never: callers ask isConvolution before',
  },
  'graph/rewriting/name-allocator.ts': {
    "two values are named '…'": 'a name is claimed that an input, an output or a value has already',
    "output '…' is not computed": 'what is to become an output is an input or a constant',
    "output '…' has two names": 'one computed value is to become two outputs',
    "the name '…' is taken: a weight cannot have it":
      'a weight has the name of another tensor, or of a value',
  },
  'graph/precision/float16.ts': {
    'fp16 needs opset …, the model has …: export it with a later one':
      'the opset of the model is below 6, and could not be lifted',
    'it has … values in float32, and what float16 would lose is checked for … at most':
      'nodes of a model that is to be lowered to float16 give more than 20000 values in float32',
  },
  'graph/common/fields.ts': {
    '… is not an object': 'a part of a recipe, as JSON has it, is null or no object',
    '… has …, expected …': 'a part of a recipe lacks a field, or has one that it does not take',
    '… has no kind': 'a normalization or a sizing is not an object with a kind',
    "… '…' is not one of …": 'a field that takes one of a few words has another',
    '… is not a number': 'a field that takes a number has no finite one',
    '… is …, expected a number above 0':
      'the width of a window, the size of a pixel, or what min-max reaches, is 0, negative or too small to divide by',
  },
  'graph/common/option-kinds.ts': {
    'expected …, found …':
      'a program gives no object for options, or one of a kind of its own, such as a Map',
    'an object of options': 'all options may be left out',
    'options: { … }': 'nothing can be done without these',
    '… expected …': 'an argument of a function is missing, or of another kind',
    '… is missing:': 'the argument is undefined',
    'no option is named ……': 'a program names an option that there is not',
    '… is inherited: give options as properties of the object itself':
      'a program gives an object whose prototype has an option',
    '… is missing: expected …': 'what nothing can be done without is undefined',
    '…, expected …': 'the value of an option is of another type, empty, or out of bounds',
  },
  'graph/recipe/normalization.ts': {
    'steps is not a list of 1 to … normalizations':
      'the steps of a normalization are no list, none, or too many',
    'channels is not a list of 2 to … normalizations':
      'the normalizations of channels are no list, fewer than two, or too many',
    "normalization '…' is not one of …, steps, channels":
      'the kind of a normalization, or of one of its steps, is another',
    'a window cannot come before normalizations of single channels':
      'a window is asked for where each channel is normalized in its own way',
    'mean is of … channels, std of …': 'mean and std are lists of numbers of different lengths',
    '… from … to …, expected a low below a high…':
      'low is not below high, or a percentile is outside 0 to 100',
    ', both from 0 to 100': 'percentiles are meant',
    'bits is not a whole number from 1 to 16': 'the bits of unit are anything else',
    '… is not one number per channel…': 'mean or std is not a list of finite numbers that fit, or is empty',
    ', each above 0, that can be divided by': 'std is meant: each must be above 0 and 1 / std finite',
    'its steps are of … channels': 'steps have numbers for different numbers of channels',
    ' and ': 'joins these numbers of channels',
  },
  'graph/recipe/regions.ts': {
    'expected a list of regions': 'the regions of the metadata are no list, or none',
    'a region has other labels than whole numbers from 1 to 255':
      'the label of a region, or one that it is made of, is 0, too large or no whole number',
    'two regions are label …': 'regions write the same value into label maps',
  },
  'graph/recipe/recipe.ts': {
    "a background of '…', expected the index of a class, from 0 on, or none":
      'a text is neither "none" nor digits alone of a number below 2^53',
    'not a recipe: …': 'a text, or what a program gives, lacks a part of a recipe or has a wrong one',
    "'…' is not one of its fields": 'a program gives a field that is no part of a recipe',
    "sizing '…' is not one of resize, pad, slide": 'the kind of a sizing is another',
    'step is not a number from … to 1': 'windows are to lie apart by more than their side, or almost nothing',
    'mirror is not a list of different axes': 'it is not a list, empty, or names an axis twice',
    'version … is not one of …: a later nmode-onnx may read it':
      'a recipe has a version other than those that there are',
    'the recipe has a mean and std of … channels, the model takes …':
      'there is not one number for all channels, nor as many as the model takes',
    '… does not apply: the model takes 3 channels':
      'the caller or the metadata say what grey is made of, and the model takes colours',
    '… is not a whole number from 1 to 65536': 'height, width or multiple is something else',
  },
  'graph/rewriting/rewrite.ts': {
    "node '…' (…) holds a subgraph that cannot be read, and what that takes from the graph is not seen: run it as it is, or give one without control flow":
      'a model is to be rewritten, and an attribute of a node holds several graphs, or one with a tensor that is not read',
    "node '…' (…) is not known": 'never: rules apply again what they found by its operator',
  },
  'graph/analysis/spatial/site.ts': {
    "node '…' reads nothing of the image":
      'never: operators are followed where an operand comes from the image',
  },
  'graph/ir/tensor.ts': {
    'expected a float32 tensor, found …': 'elements are read as float32, and the dtype is another',
    'expected an int64 or int32 tensor, found …':
      'elements are read as integers, and the dtype is neither of the two',
  },
};

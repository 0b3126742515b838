import type { Conditions } from '../../conditions.js';

/** Checkpoints of torch.save, in its zip and in its older stream, and plain pickles. */
export const PICKLES: Conditions = {
  'exporters/checkpoints/torch/modules.ts': {
    'the modules of … are nested too deeply, are too many or hold themselves':
      'in a model that was pickled whole, modules are more than 100 deep, their path is above 1024 characters, or there are over 50000',
  },
  'exporters/checkpoints/pickle/pickle-machine.ts': {
    'the pickle makes or stores … values, more than its length allows':
      'values pushed, stored, appended and passed to calls are together above a million and a third of the bytes, or above eight million',
    'the pickle has more than … opcodes': 'pickles of one file have above 16 million opcodes',
    'the pickle has more than … values on its stack':
      '50000 values and marks are on the stack when one is pushed',
    'the pickle takes a value where there is none':
      'an opcode needs a value, and the stack is empty or a mark is on top',
    'the pickle misses a mark': 'an opcode takes all since a mark, and there is no mark',
    'the pickle recalls value …, which it never stored': 'an opcode reads a place of the memo that is empty',
    'the pickle appends to what is not a list': 'what is appended to is known, and no list',
    'the pickle sets items of what is not a dict': 'what gets items is known, and no dict',
    'the pickle adds items to what is not a set': 'what gets elements is not a set',
    'a call without a tuple of arguments': 'the arguments of a call are no tuple',
    'a length in the pickle is beyond 2^53': 'eight bytes of a length are no safe integer',
    'an integer of … bytes': 'a LONG has more than 1024 bytes',
    'a line of the pickle is too long': 'a text opcode has no end of line within 4096 bytes',
    'a malformed number in the pickle': 'the line of a LONG, PUT or GET is no decimal number',
  },
  'exporters/checkpoints/pickle/pickle.ts': {
    'a class whose name is not a string': 'STACK_GLOBAL finds a module or a name that is no string',
    'the pickle protocol is newer than 5': 'PROTO is followed by 6 or more',
    'pickle opcode 0x…, which is not read':
      'a byte where an opcode is expected is none, or one that torch and NumPy do not write (PERSID, EXT, buffers)',
  },
  'exporters/checkpoints/pickle/plain-texts.ts': {
    "its entry '…' is too large, nested too deeply, or holds itself":
      'what stands beside the weights is no configuration: a pickle may hold one list a million times',
  },
  'exporters/checkpoints/state-dict.ts': {
    'holds an object of …, not a state dict: save model.state_dict() instead':
      'no tensors were found, and the object, or one under a usual key, is of a class that is not known',
    'holds no state dict…: save model.state_dict() with torch.save':
      'no tensors were found, and the object is not a dict or an empty one',
    'holds no state dict…: …; … says where to look':
      'no tensors were found where they were looked for, and there is a dict whose keys can be listed',
    " under '…'": 'a key was given to look under',
    'a dict has a key of … characters':
      'of several dicts of tensors, one is under a key of more than 1024 characters',
  },
  'exporters/checkpoints/strided.ts': {
    'sizes […], strides […] and offset … are impossible':
      'one of them is no whole number from 0 to 2^53, their counts differ, or there are more than 64',
    'sizes […] are impossible': 'the product of the sizes, zeros aside, is above 2^53',
    'sizes […] take … bytes, at most … are read': 'a tensor is above 2 GiB, more than an ONNX file holds',
    'sizes […] with strides […] and offset … need … bytes, its storage holds …':
      'the last element of a view lies beyond its storage',
  },
  'exporters/checkpoints/torch/torch-legacy.ts': {
    'protocol …, expected …': 'the second pickle of the stream is not 1001',
    'the list of storages is missing': 'the fifth pickle of the stream is not a list',
    "storage '…' belongs to no tensor, or to one of an unknown type":
      'a listed key is not a string, or no persistent id with a known storage class has it',
    "storage '…' is listed twice": 'a key is in the list a second time',
    "storage '…' holds … elements, expected …":
      'the count before the elements is not that of the persistent id',
    "the file ends within storage '…': download or save it again":
      'the elements of a storage end beyond the file',
    "storage '…' is missing from the file": 'a tensor is read whose storage is not in the list',
    "storage '…' is missing: the pickle is a part of another file":
      'a file that is a bare pickle refers to a storage by a persistent id, as data.pkl of a zip does',
  },
  'exporters/checkpoints/torch/torch-values.ts': {
    'bytes of the pickle are no latin-1 text':
      'bytes that were pickled as a text have a character above 0xff',
    'sizes or strides of a tensor are impossible: […]':
      'they are no tuple, hold something else than numbers below 2^53, or are more than 64',
    'the offset of a tensor is …':
      'the offset of a tensor, or of a part of a storage, is not a number below 2^53',
  },
  'exporters/checkpoints/torch/torch-zip.ts': {
    'it holds more than one data.pkl': 'two entries of this name are at the top or one folder below',
    'data.pkl is … bytes, at most … are read': 'the pickle of the zip is above 256 MiB',
    "the entry 'byteorder' is neither little nor big": 'there is such an entry, and its text is another',
    "storage '…' is missing from the file": 'the pickle refers to a storage that no entry of the zip holds',
  },
  'exporters/checkpoints/torch/torch.ts': {
    'a persistent id that names no storage':
      "a persistent id is neither a module's nor ('storage', class, text, device, count)",
  },
};

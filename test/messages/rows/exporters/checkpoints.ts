import type { Conditions } from '../../conditions.js';

/** Files of weights and of reference tensors: their containers and what is selected of them. */
export const CHECKPOINTS: Conditions = {
  'exporters/checkpoints/float32.ts': {
    'element … is …, beyond the range of float32': 'a finite float64 becomes infinite as float32',
  },
  'exporters/checkpoints/folder.ts': {
    '…: … is without fold …: it has …': 'a fold is asked for that a folder does not have',
    'no folder of nnU-Net with folds': 'the folder is no training of nnU-Net',
    'the folds …': 'the folder is one, with these folds',
    '…: a folder without …: name the file with the weights in it':
      'the path is that of a folder, and no file is where a library would have put the weights',
    '…: a folder without weights of a usual name: give ……':
      'the same, and it has files with endings of weights, or a folder with weights where a library puts them',
    ', or another of … there': 'the same, where there are several',
    '…: it holds … networks, …: name the folder of one, as …':
      'the folder leads to several files with weights, as of the folds of a training',
    '…: it is not a file': 'a text beside the weights is a folder or a device',
    '…: a text of … bytes, at most … are read': 'a text beside the weights has more than four MiB',
  },
  'exporters/checkpoints/npz.ts': {
    '…: save inputs and outputs with numpy.savez or safetensors.torch.save_file':
      'no entry of the zip file ends with .npy',
    'a PyTorch file': 'the same, and it has the data.pkl of torch.save',
    'a zip file without arrays (.npy) in it': 'the same without one',
    "'…' is not a .npy file": 'an entry has fewer than 12 bytes or does not begin with the magic of NumPy',
    "'…' has version … of .npy, expected 1 to …": 'the major version is 0 or above 3',
    "'…' ends within its header": 'the length of the header points beyond the end of the entry',
    "'…' has a header that is not understood":
      'the header is no longer than 4096 bytes and not what numpy.lib.format writes',
    "'…' has … axes, at most … are read": 'the shape in the header has more than 64 sizes',
  },
  'exporters/checkpoints/numpy.ts': {
    'an array of … […] takes … bytes, found …': 'the data of an array are longer than its shape and type say',
  },
  'exporters/checkpoints/open.ts': {
    'its tensors claim … bytes, the file has …':
      'all tensors together take more than four times the file and 64 MiB: views of one storage, repeated',
  },
  'exporters/checkpoints/safetensors.ts': {
    'a header of … bytes, at most … are read': 'the length in the first eight bytes is above 8 MiB',
    'its header ends at … bytes, the file at …: download it again':
      'the file is shorter than its header says it is',
    "tensor '…' begins at …, expected …: tensors overlap or leave a hole":
      'in the order of the data, a tensor does not begin where the one before it ends',
    'the header describes … bytes, the file has ……': 'the last tensor does not end where the file ends',
    ': download it again': 'the file is shorter than the header describes',
    'the header is not a JSON object': 'the header does not begin with a brace',
    'a tensor, or the metadata, is named twice': 'valid JSON has more keys as written than distinct ones',
    'a tensor is described twice, or a field of the metadata':
      'an object within the header has more keys as written than distinct ones',
    '__metadata__ is not an object of strings': 'the metadata are no object, or a value in them is no string',
    'the header is nested deeper than …: it is not one of tensors':
      'brackets stand within one another four deep',
    'the header has more than … objects and lists, three a tensor':
      'there are more than 150000 opening brackets',
    "tensor '…' has …, expected one of …": 'the dtype of an entry is none that is read',
    "the element type '…'": 'the dtype is a text',
    'no element type': 'the dtype is absent or no text',
    "tensor '…' has no whole sizes and offsets":
      'shape or data_offsets is not a list of whole numbers from 0 to 2^53',
    "tensor '…' has … data_offsets, expected 2: begin and end": 'the list of offsets has another length',
    "tensor '…' has … axes, at most … are read": 'the shape has more than 64 sizes',
    "tensor '…' has impossible sizes […]": 'the product of the sizes, zeros aside, is above 2^53',
    "tensor '…' […] takes … bytes, found …":
      'the offsets do not enclose as many bytes as shape and dtype take',
  },
  'exporters/checkpoints/select-keys.ts': {
    "no key begins with '…': …":
      'a prefix was given (--prefix, or the end of --key) that no key has, common prefixes removed or not',
    "no key fits … '…': …": 'a pattern was given that no key of the file fits',
    'its … keys begin ……': 'the modules of the keys that there are, for a message',
    ' and … more': 'there are more than eight modules',
  },
  'exporters/checkpoints/source.ts': {
    'it is a folder, not a file: name a file in it': 'the path is that of a directory',
    'it is not a file': 'the path is that of a pipe, a socket or a device',
    '…: cannot be opened: …': 'the operating system refuses the path, or it is no regular file',
    'the file ends at … bytes, … bytes are expected at …':
      'a length or an offset in the file points beyond its end, or is negative',
    'the file was cut while it was read': 'the file became shorter after it was opened',
    'a pickle of more than … bytes, no more are read':
      'a pickle goes on where the limit ends, and the file goes on as well',
    'the data ends early: the file is truncated or damaged':
      'a pickle goes on where the file, or the entry of it, ends',
  },
  'exporters/checkpoints/zip.ts': {
    "entry '…' has no local header": 'where the directory places an entry, its signature is not',
    "entry '…' has another name, '…', in its own header":
      'directory and local header differ in the bytes of the name',
    "entry '…' has another … in its own header":
      'directory and local header differ in method, CRC-32 or sizes',
    "entry '…' lies beyond the end of the file": 'the data of an entry end beyond the file',
    'the zip file is truncated or damaged: it has no end of central directory record':
      'the file begins as a zip and does not end as one',
    '…: download or save it again': 'the record that ends a zip file was not found',
    '… entries, at most … are read': 'the directory lists more than 50000 entries',
    "entry '…' is stored twice": 'two entries of the directory have one name',
    "entry '…' is encrypted or packed by a method other than deflate":
      'an entry has the flag of encryption, or a method that is neither 0 nor 8',
    "entry '…' has two sizes": 'an entry that is stored has another size packed than unpacked',
    'its entries take … bytes, the file has …':
      'the sizes of all packed entries are together above that of the file',
    'its entries unpack from … to … bytes, at most … are read':
      'deflated entries grow beyond 64 MiB and twentyfold',
    "its entries overlap at '…'": 'an entry begins before the one before it ends',
    "entry '…' unpacks to … bytes, expected …": 'deflated data end before the size that the directory says',
    "entry '…' is corrupt: its CRC-32 does not match":
      'the entry has a checksum, its size is right, and its bytes give another',
    "entry '…' does not unpack: …": 'deflated data are malformed, or longer than the directory says',
  },
};

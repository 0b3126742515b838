import { latin1, type Source } from './source.js';

/** What the beginning of a file is to be recognised by. */
interface FileStart {
  /** Its base name. */
  readonly name: string;
  /** Its first bytes as latin-1 text, at most `START_BYTES`. */
  readonly text: string;
  /** Its last bytes likewise, at most `END_BYTES`. */
  readonly end: string;
}

/** As many as the signature that lies furthest behind needs: tar's. */
const START_BYTES = 512;

/** Of the table that TensorFlow's checkpoints are. */
const END_BYTES = 8;

export function fileStart(source: Source, name: string): FileStart {
  const { size } = source;
  const text = latin1(source.read(0, Math.min(START_BYTES, size)));
  const end = latin1(source.read(Math.max(0, size - END_BYTES), Math.min(END_BYTES, size)));
  return { name, text, end };
}

interface Signature {
  readonly what: string;
  readonly todo: string;
  readonly fits: (file: FileStart) => boolean;
}

const begins = (start: string) => (file: FileStart) => file.text.startsWith(start);
const matches = (pattern: RegExp) => (file: FileStart) => pattern.test(file.text);

/** The IR version in field 1 of a protobuf, then one of the other fields of an ONNX model. */
const beginsAsModel = (text: string) =>
  text[0] === '\x08' &&
  text.charCodeAt(1) >= 3 &&
  text.charCodeAt(1) <= 16 &&
  '\x12\x1a"*2:B'.includes(text.charAt(2));

const SAVE = 'save model.state_dict() with torch.save';
const UNPACK = 'unpack it first';
const CONVERT = 'load it where it was trained and save its weights under the keys of the PyTorch network';
const DOWNLOAD = 'download the file itself';

/** Files that are taken for checkpoints and are none: the first that fits tells what a file is. */
const SIGNATURES: readonly Signature[] = [
  { what: 'an empty file', todo: 'download or save it again', fits: matches(/^$/) },
  {
    what: 'a pointer of Git LFS to a file that was not downloaded',
    todo: 'run git lfs pull',
    fits: begins('version https://git-lfs'),
  },
  {
    what: 'a web page',
    todo: DOWNLOAD,
    fits: matches(/^(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|!--)/i),
  },
  {
    what: 'the index of a sharded checkpoint',
    todo: 'its tensors are in the files that it names: join them into one with safetensors.torch.save_file or torch.save',
    fits: matches(/^\s*\{.*"(weight_map|metadata)"\s*:/s),
  },
  {
    what: 'a text in JSON, perhaps the error message of a server',
    todo: DOWNLOAD,
    fits: matches(/^(\xef\xbb\xbf)?\s*(\{\s*("|\})|\[\s*["{[\]])/),
  },
  { what: 'an HDF5 file, as Keras writes', todo: CONVERT, fits: begins('\x89HDF\r\n\x1a\n') },
  { what: 'a single array of NumPy (.npy)', todo: SAVE, fits: begins('\x93NUMPY') },
  { what: 'a file packed by gzip', todo: UNPACK, fits: begins('\x1f\x8b') },
  { what: 'a file packed by xz', todo: UNPACK, fits: begins('\xfd7zXZ\0') },
  { what: 'a file packed by bzip2', todo: UNPACK, fits: matches(/^BZh[1-9]1AY&SY/) },
  { what: 'a file packed by zstd', todo: UNPACK, fits: begins('\x28\xb5\x2f\xfd') },
  { what: 'a 7z archive', todo: UNPACK, fits: begins('7z\xbc\xaf\x27\x1c') },
  { what: 'a RAR archive', todo: UNPACK, fits: begins('Rar!\x1a\x07') },
  {
    what: 'a tar archive',
    todo: `${UNPACK}; if PyTorch before 0.1.11 wrote it, load it and save it with a later one`,
    fits: matches(/^.{257}ustar/s),
  },
  { what: 'a zip archive without entries', todo: 'download or save it again', fits: begins('PK\x05\x06') },
  { what: 'a TensorFlow Lite model', todo: CONVERT, fits: matches(/^.{4}TFL3/s) },
  { what: 'an ExecuTorch program', todo: SAVE, fits: matches(/^.{4}ET\d\d/s) },
  { what: 'a GGUF file', todo: CONVERT, fits: begins('GGUF') },
  { what: 'a TensorRT engine', todo: SAVE, fits: begins('ftrt') },
  { what: 'a MATLAB file', todo: CONVERT, fits: begins('MATLAB 5.0') },
  {
    what: 'an image or a PDF',
    todo: 'give the file with the weights',
    fits: matches(/^(\x89PNG|\xff\xd8\xff|GIF8|%PDF|II\*\0|MM\0\*)/),
  },
  {
    what: 'a part of a TensorFlow checkpoint',
    todo: CONVERT,
    fits: (file) =>
      file.end === '\x57\xfb\x80\x8b\x24\x75\x47\xdb' ||
      /\.(ckpt(-\d+)?\.(index|meta)|data-\d{5}-of-\d{5})$|^saved_model\.pb$/i.test(file.name),
  },
  { what: "TensorFlow's list of checkpoints", todo: CONVERT, fits: begins('model_checkpoint_path:') },
  { what: 'a Core ML model', todo: SAVE, fits: ({ name }) => /\.ml(model|package)$/i.test(name) },
  {
    what: 'an ONNX model',
    todo: 'it needs no export: nmode optimize makes it faster, nmode graft gives it an nmODE decoder',
    fits: ({ name, text }) => name.toLowerCase().endsWith('.onnx') || beginsAsModel(text),
  },
  {
    what: 'all zeros as far as was looked, as files are whose download broke off',
    todo: 'download it again',
    fits: matches(/^\0{16,}$/),
  },
];

const NO_CHECKPOINT = 'neither a PyTorch checkpoint (.pth, .pt) nor a .safetensors file';
const NO_REFERENCE = 'neither a .safetensors nor an .npz file';

const kindOf = (file: FileStart) => SIGNATURES.find(({ fits }) => fits(file));

/** Of a file that no reader of checkpoints is for: what it is and what to do, for a message. */
export function foreignFile(file: FileStart): string {
  const kind = kindOf(file);
  return kind === undefined ? NO_CHECKPOINT : `${kind.what}, ${NO_CHECKPOINT}: ${kind.todo}`;
}

/** Likewise of one that holds no reference tensors. */
export function foreignReference(file: FileStart): string {
  const kind = kindOf(file);
  const what = kind === undefined ? NO_REFERENCE : `${kind.what}, ${NO_REFERENCE}`;
  return `${what}: save inputs and outputs with numpy.savez or safetensors.torch.save_file`;
}

interface ZipKind extends Omit<Signature, 'fits'> {
  /** An entry that files of this kind have. */
  readonly entry: RegExp;
}

/** Zip archives without a `data.pkl`, by one of their entries. */
const ZIP_KINDS: readonly ZipKind[] = [
  {
    what: 'a program of torch.export (.pt2)',
    todo: `${SAVE}, where the program is loaded: program.state_dict`,
    entry:
      /(^|\/)(archive_format|serialized_exported_program\.json|serialized_state_dict\.(pt|json)|models\/[^/]+\.json)$/,
  },
  { what: 'a model of Keras', todo: CONVERT, entry: /(^|\/)(model\.weights\.h5|saved_model\.pb)$/ },
  {
    what: 'arrays of NumPy (.npz)',
    todo: 'save {key: torch.from_numpy(array)} with torch.save',
    entry: /\.npy$/,
  },
  {
    what: 'a package of torch.package',
    todo: SAVE,
    entry: /(^|\/)\.data\/(extern_modules|version|python_version)$/,
  },
  { what: 'a Core ML package', todo: SAVE, entry: /\.mlmodel$/ },
  {
    what: 'an archive of other files',
    todo: 'unpack it and give the checkpoint in it',
    entry: /\.(pth?|ckpt|bin|safetensors|onnx|h5|pkl|tar)$/i,
  },
];

/** Of a zip archive by the names of its entries: what it is and what to do, for a message. */
export function zipContents(names: readonly string[]): string {
  const found = ZIP_KINDS.find(({ entry }) => names.some((name) => entry.test(name)));
  const { what, todo } = found ?? { what: 'a zip file of something else', todo: SAVE };
  return `${what}, a zip file without data.pkl and so no PyTorch checkpoint: ${todo}`;
}

/** Of a file that is a part of a checkpoint, by its name: which part of how many. */
export function shardText(name: string): string | undefined {
  const [, part, count] = /model-(\d{5})-of-(\d{5})\.(?:safetensors|bin)$/i.exec(name) ?? [];
  if (part === undefined || Number(count) < 2) return undefined;
  return `part ${Number(part)} of the ${Number(count)} of a sharded checkpoint: load all parts and save them as one with safetensors.torch.save_file or torch.save`;
}

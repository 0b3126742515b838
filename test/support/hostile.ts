import { deflateRawSync } from 'node:zlib';
import { bytes, little, long, type Piece, safetensors, stateDict, torchZip, unicode, zip } from './craft.js';

/** A file that must be refused: in one line, at once, with nothing executed. */
export interface Hostile {
  readonly name: string;
  readonly file: string;
  readonly contents: () => Uint8Array;
  /** What the message must say. */
  readonly says: RegExp;
}

const LEGACY_MAGIC = bytes(0x80, 2, 0x8a, 10, 'l\xfc\x9cF\xf9 j\xa8P\x19', '.');
const four = new Uint8Array(16);
const weight = { key: 'inc.double_conv.0.weight', sizes: [2, 2], strides: [2, 1] };
const entry = (offsets: readonly number[], shape: readonly number[] = [4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: offsets,
});

/** A legacy stream: magic number, protocol, machine, object, storage keys, and one storage of four elements. */
function legacy(object: Uint8Array, keys: Uint8Array): Buffer {
  const head = bytes(LEGACY_MAGIC, 0x80, 2, 'M', little(1001, 2), '.', 0x80, 2, '}.');
  return bytes(head, object, 0x80, 2, keys, '.', little(4, 8), four);
}

/** A pickle that in Python would run a shell command that leaves the file `marker` behind. */
export function shellPickle(marker: string): Buffer {
  return bytes(0x80, 2, 'cposix\nsystem\n', '(', unicode(`touch ${marker}`), 'tR.');
}

/** A pickle of a dict of one float32 array of 16 bytes. */
function arrayPickle({ shape }: { readonly shape: readonly (number | bigint)[] }): Buffer {
  const type = bytes('cnumpy\ndtype\n(', unicode('f4'), 'tR');
  const sizes = bytes('(', ...shape.map(long), 't');
  const data = bytes('B', little(16, 4), four);
  const made = bytes('cnumpy.core.multiarray\n_reconstruct\n(tR');
  return bytes(0x80, 2, '}', unicode('w'), made, '(K', 1, sizes, type, 0x89, data, 'tb', 's.');
}

function networkOfAnother(): Buffer {
  const keys = ['conv1.weight', 'bn1.weight', 'layer1.0.conv1.weight'];
  return torchZip(stateDict(keys.map((key) => ({ ...weight, key }))), { 0: four });
}

export const HOSTILE: readonly Hostile[] = [
  {
    name: 'a zip cut short',
    file: 'cut.pth',
    contents: () => torchZip(stateDict([weight]), { 0: four }).subarray(0, 400),
    says: /end of central directory/i,
  },
  {
    name: 'a legacy stream cut short',
    file: 'cut-legacy.pth',
    contents: () => legacy(stateDict([weight]), bytes(']', unicode('0'), 'a')).subarray(0, -20),
    says: /ends (early|at|within)/,
  },
  {
    name: 'a zip without data.pkl',
    file: 'no-pickle.pth',
    contents: () => zip({ 'archive/version': Buffer.from('3\n') }),
    says: /without data\.pkl/,
  },
  {
    name: 'a pickle that calls os.system',
    file: 'system.pth',
    contents: () => torchZip(shellPickle('/tmp/nmode-was-here')),
    says: /posix\.system.*not a state dict/,
  },
  {
    name: 'a legacy stream that calls os.system',
    file: 'system-legacy.pth',
    contents: () =>
      bytes(
        LEGACY_MAGIC,
        0x80,
        2,
        'M',
        little(1001, 2),
        '.',
        0x80,
        2,
        '}.',
        shellPickle('/tmp/x'),
        0x80,
        2,
        '].',
      ),
    says: /posix\.system.*not a state dict/,
  },
  {
    name: 'lists nested a million deep',
    file: 'deep.pth',
    contents: () => torchZip(bytes(0x80, 2, ']'.repeat(1e6), 'a'.repeat(1e6 - 1), '.')),
    says: /more than 50000 values on its stack/,
  },
  {
    name: 'a memo of millions of values',
    file: 'memo.pth',
    contents: () => torchZip(bytes(0x80, 4, ']\x940'.repeat(4e6), 'N.')),
    says: /makes or stores \d+ values, more than its length allows/,
  },
  {
    name: 'sixteen million opcodes that come to nothing',
    file: 'idle.pth',
    contents: () => torchZip(bytes(0x80, 2, 'N0'.repeat(2 ** 23 - 64), 'N.')),
    says: /makes or stores \d+ values, more than its length allows/,
  },
  {
    name: 'a storage shorter than its view',
    file: 'short.pth',
    contents: () => torchZip(stateDict([{ ...weight, sizes: [2, 100], strides: [100, 1] }]), { 0: four }),
    says: /storage holds 16/,
  },
  {
    name: 'a tensor that claims 2^60 elements',
    file: 'huge.pth',
    contents: () => torchZip(stateDict([{ ...weight, sizes: [2n ** 60n], strides: [1] }]), { 0: four }),
    says: /impossible: \[1152921504606846976\]/,
  },
  {
    name: 'a tensor that repeats one element 2^40 times',
    file: 'repeated.pth',
    contents: () => torchZip(stateDict([{ ...weight, sizes: [2 ** 40], strides: [0] }]), { 0: four }),
    says: /take 4398046511104 bytes, at most 2147483648 are read/,
  },
  {
    name: 'a storage that is missing',
    file: 'missing.pth',
    contents: () => torchZip(stateDict([weight])),
    says: /storage '0' is missing/,
  },
  {
    name: 'an entry that unpacks to gigabytes',
    file: 'bomb.pth',
    contents: () =>
      zip({
        'archive/data.pkl': {
          data: deflateRawSync(Buffer.alloc(2 ** 24)),
          size: 2 ** 32 - 2,
          method: 8,
          crc: 0,
        },
      }),
    says: /unpack from \d+ to 4294967294 bytes/,
  },
  {
    name: 'an entry stored twice',
    file: 'twice.pth',
    contents: () => {
      const [one, other] = ['archive/data/0', 'archive/data/1'].map((name) => Buffer.from(name, 'latin1'));
      const file = torchZip(stateDict([weight]), { 0: four, 1: new Uint8Array(16).fill(1) });
      for (let at = file.indexOf(other ?? ''); at >= 0; at = file.indexOf(other ?? '')) one?.copy(file, at);
      return file;
    },
    says: /'archive\/data\/0' is stored twice/,
  },
  {
    name: 'entries that overlap',
    file: 'overlapping.pth',
    contents: () => {
      const file = torchZip(stateDict([weight]), { 0: new Uint8Array(10_000), 1: new Uint8Array(10_000) });
      const [first, second] = [file.indexOf('PK\x03\x04'), file.lastIndexOf('PK\x01\x02')];
      const middle = file.lastIndexOf('PK\x01\x02', second - 1);
      // Both directory entries claim almost the whole file.
      for (const at of [middle, second]) {
        little(file.length - 200, 4).copy(file, at + 20);
        little(file.length - 200, 4).copy(file, at + 24);
        little(first, 4).copy(file, at + 42);
      }
      return file;
    },
    says: /overlap/,
  },
  ...[
    ['name', { name: 'archive/data/9' }],
    ['method', { method: 8 }],
    ['CRC-32', { crc: 7 }],
    ['size', { size: 8 }],
  ].map(([what, local]) => ({
    name: `an entry whose own header has another ${what}`,
    file: `local-${what}.pth`,
    contents: () => torchZip(stateDict([weight]), { 0: { data: four, local: Object(local) } }),
    says: new RegExp(`'archive/data/0' has another ${what}`),
  })),
  {
    name: 'entries that share bytes, which padding makes up for',
    file: 'shared-bytes.pth',
    contents: () => {
      const pickle = stateDict([weight]);
      const data = new Uint8Array(4000);
      // The second entry lies within the first one's data, header and all.
      const inner = zip({ 'archive/data/1': four }).subarray(0, 30 + 'archive/data/1'.length + four.length);
      data.set(inner, 100);
      const first = 30 + 'archive/data.pkl'.length + pickle.length;
      const at = first + 30 + 'archive/data/0'.length + 100;
      return torchZip(pickle, { 0: data, 1: { data: four, at } });
    },
    says: /overlap at 'archive\/data\/1'/,
  },
  {
    name: 'a zip64 directory beyond the end of the file',
    file: 'zip64.pth',
    contents: () => {
      const file = torchZip(stateDict([weight]), { 0: four });
      const end = file.lastIndexOf('PK\x05\x06');
      const locator = bytes('PK\x06\x07', little(0, 4), little(2n ** 62n, 8), little(1, 4));
      return bytes(file.subarray(0, end), locator, file.subarray(end));
    },
    says: /^zip64\.pth: /,
  },
  {
    name: 'weights that repeat one number into gigabytes',
    file: 'expanded.pth',
    contents: () =>
      torchZip(stateDict([{ ...weight, sizes: [2 ** 13, 2 ** 14], strides: [0, 0] }]), { 0: four }),
    says: /tensors claim 536870912 bytes/,
  },
  {
    name: 'a view that PyTorch marks as negated',
    file: 'negated.pth',
    contents: () => {
      const pickle = stateDict([weight]).toString('latin1');
      const marked = pickle.replace(/\)RtR/, `)R}${unicode('neg').toString('latin1')}\x88stR`);
      return torchZip(Buffer.from(marked, 'latin1'), { 0: four });
    },
    says: /resolve_neg/,
  },
  {
    name: 'an element type named like a property that all objects have',
    file: 'constructor.pth',
    contents: () => {
      const typed = stateDict([{ ...weight, sizes: [2 ** 29], strides: [1] }]).toString('latin1');
      const named = typed
        .replace('_rebuild_tensor_v2', '_rebuild_tensor_v3')
        .replace(/\)RtR/, ')Rctorch\nconstructor\ntR');
      return torchZip(Buffer.from(named, 'latin1'), { 0: four });
    },
    says: /element type torch\.constructor is not supported/,
  },
  {
    name: 'a key that is a list of lists of lists ...',
    file: 'dag.pth',
    contents: () => {
      const lists = Array.from({ length: 40 }, (_, i) => bytes(`](h`, i, 'h', i, 'eq', i + 1, '0'));
      return torchZip(bytes(0x80, 2, ']q', 0, '0', ...lists, '}h', 40, 'K', 1, 's.'));
    },
    says: /its keys are a list/,
  },
  {
    name: 'dicts of dicts of dicts, each a thousand times',
    file: 'dicts.pth',
    contents: () => {
      const keys = Array.from({ length: 1000 }, (_, i) => unicode(`k${i}`));
      const dict = (inner: Piece[]) => bytes('}(', ...keys.flatMap((key) => [key, ...inner]), 'u');
      const levels = [0, 1, 2].map((i) => bytes(dict(i === 0 ? ['N'] : ['h', i - 1]), 'q', i, '0'));
      return torchZip(bytes(0x80, 2, ...levels, dict(['h', 2]), '.'));
    },
    says: /its keys are k0, k1/,
  },
  {
    name: 'a million empty tuples in a million lists',
    file: 'tuples.pth',
    contents: () => torchZip(bytes(0x80, 2, ']', `(${')'.repeat(40_000)}e`.repeat(300), '.')),
    says: /makes or stores \d+ values, more than its length allows/,
  },
  {
    name: 'a number of a million digits',
    file: 'digits.pth',
    contents: () => torchZip(bytes('L', '9'.repeat(1e6), '\n.')),
    says: /line of the pickle is too long/,
  },
  {
    name: 'an integer of four gigabytes',
    file: 'long4.pth',
    contents: () => torchZip(bytes(0x80, 2, 0x8b, little(2 ** 32 - 1, 4), '.')),
    says: /integer of 4294967295 bytes/,
  },
  {
    name: 'safetensors whose tensors overlap',
    file: 'overlap.safetensors',
    contents: () => safetensors({ a: entry([0, 16]), b: entry([8, 24]) }, new Uint8Array(24)),
    says: /overlap/,
  },
  {
    name: 'safetensors with three offsets',
    file: 'offsets.safetensors',
    contents: () => safetensors({ a: { ...entry([0, 16]), data_offsets: [0, 16, 16] } }, four),
    says: /'a' has 3 data_offsets, expected 2/,
  },
  {
    name: 'safetensors with a tensor beyond the end',
    file: 'beyond.safetensors',
    contents: () => safetensors({ a: entry([0, 16]), b: entry([16, 32]) }, four),
    says: /describes \d+ bytes, the file has \d+/,
  },
  {
    name: 'safetensors whose sizes overflow, one of them 0',
    file: 'overflow.safetensors',
    contents: () => safetensors({ a: entry([0, 0], [2 ** 40, 2 ** 40, 0]) }, new Uint8Array(0)),
    says: /'a' has impossible sizes \[1099511627776,1099511627776,0\]/,
  },
  {
    name: 'safetensors with metadata that are no texts',
    file: 'metadata.safetensors',
    contents: () => safetensors({ __metadata__: { epoch: 3 }, a: entry([0, 16]) }, four),
    says: /__metadata__ is not an object of strings/,
  },
  {
    name: 'safetensors that describe a tensor twice',
    file: 'described.safetensors',
    contents: () =>
      safetensors('{"a":{"dtype":"F32","shape":[4],"shape":[2,2],"data_offsets":[0,16]}}', four),
    says: /described twice/,
  },
  {
    name: 'safetensors of a hundred axes',
    file: 'axes.safetensors',
    contents: () => safetensors({ a: entry([0, 4], Array(100).fill(1)) }, new Uint8Array(4)),
    says: /'a' has 100 axes/,
  },
  {
    name: 'an array of NumPy longer than its data',
    file: 'array.pkl',
    contents: () => arrayPickle({ shape: [9] }),
    says: /sizes \[9\] .* need 36 bytes, its storage holds 16/,
  },
  {
    name: 'an array of NumPy of a negative size',
    file: 'negative.pkl',
    contents: () => arrayPickle({ shape: [2n ** 64n - 4n] }),
    says: /impossible/,
  },
  {
    name: 'a text of a megabyte that a million arrays are made of',
    file: 'texts.pkl',
    contents: () => {
      const text = bytes(unicode('x'.repeat(1e6)), 'q', 0, '0');
      const encode = bytes('c_codecs\nencode\n(h', 0, unicode('latin1'), 'tRa');
      return bytes(0x80, 2, text, ']', ...Array.from({ length: 50_000 }, () => encode), '.');
    },
    says: /no state dict/,
  },
  {
    name: 'modules that hold themselves',
    file: 'circle.pth',
    contents: () => {
      const state = bytes('}', unicode('_modules'), '}', unicode('again'), 'h', 0, 'ss');
      return torchZip(bytes(0x80, 2, 'cmodels\nNet\n)', 0x81, 'q', 0, state, 'b.'));
    },
    says: /modules of models\.Net are nested too deeply, are too many or hold themselves/,
  },
  {
    name: 'modules that are two of the next, a hundred times',
    file: 'doubling.pth',
    contents: () => {
      const levels = Array.from({ length: 60 }, (_, i) => {
        const child = (name: string) => (i === 0 ? [] : [unicode(name), 'h', i - 1]);
        const modules = bytes('}(', ...child('a'), ...child('b'), 'u');
        return bytes('cmodels\nNet\n)', 0x81, 'q', i, '}', unicode('_modules'), modules, 'sb0');
      });
      return torchZip(bytes(0x80, 2, ...levels, 'h', 59, '.'));
    },
    says: /modules of models\.Net are nested too deeply/,
  },
  {
    name: 'safetensors with a header of 2^50 bytes',
    file: 'header.safetensors',
    contents: () => bytes(little(2n ** 50n, 8), '{}'),
    says: /header of 1125899906842624 bytes/,
  },
  {
    name: 'safetensors with a header of brackets',
    file: 'brackets.safetensors',
    contents: () => safetensors(`{"a":${'['.repeat(4e6)}`, four),
    says: /nested deeper than 3: it is not one of tensors/,
  },
  {
    name: 'safetensors of more tensors than any network has',
    file: 'tensors.safetensors',
    contents: () => {
      const empty = JSON.stringify(entry([0, 0], [0]));
      const names = Array.from({ length: 50_001 }, (_, at) => `"${at}":${empty}`);
      return safetensors(`{${names.join()}}`, new Uint8Array(0));
    },
    says: /header has more than 150000 objects and lists/,
  },
  {
    name: 'a tuple of more values than a stack holds, none within another',
    file: 'flat.pth',
    contents: () => torchZip(bytes(0x80, 2, '(', 'N'.repeat(60_000), 't.')),
    says: /more than 50000 values on its stack/,
  },
  {
    name: 'a legacy stream with a storage of a type that nobody knows',
    file: 'type.pth',
    contents: () => {
      const id = bytes(
        '(',
        unicode('storage'),
        'ctorch\nNewStorage\n',
        unicode('0'),
        unicode('cpu'),
        'K',
        4,
        'tQ',
      );
      return legacy(bytes(0x80, 2, '}', unicode('w'), id, 's.'), bytes(']', unicode('0'), 'a'));
    },
    says: /storage '0' belongs to no tensor, or to one of an unknown type/,
  },
  {
    name: 'a zip that unpacks to less than its directory says',
    file: 'less.pth',
    contents: () => {
      const pickle = stateDict([weight]);
      const size = pickle.length + 1;
      return zip({ 'archive/data.pkl': { data: deflateRawSync(pickle), size, method: 8 } });
    },
    says: /'archive\/data\.pkl' unpacks to \d+ bytes, expected \d+/,
  },
  {
    name: 'safetensors with a name that never ends',
    file: 'quotes.safetensors',
    contents: () => safetensors(`{"${'\\"'.repeat(1e6)}`, four),
    says: /Unterminated string in JSON/,
  },
  {
    name: 'safetensors that claim 2^60 elements',
    file: 'claim.safetensors',
    contents: () => safetensors({ a: entry([0, 16], [2 ** 50, 2 ** 10]) }, four),
    says: /'a' has impossible sizes \[1125899906842624,1024\]/,
  },
  {
    name: 'a text',
    file: 'notes.pth',
    contents: () => Buffer.from('not a checkpoint at all, just some notes'),
    says: /neither a PyTorch checkpoint/,
  },
  {
    name: 'an empty file',
    file: 'empty.pth',
    contents: () => new Uint8Array(0),
    says: /neither a PyTorch checkpoint/,
  },
  {
    name: 'a checkpoint of another network',
    file: 'resnet.pth',
    contents: networkOfAnother,
    says: /no known network.*conv1\.weight/,
  },
  {
    name: 'a state dict whose sizes are no numbers',
    file: 'sizes.pth',
    contents: () =>
      torchZip(
        bytes(
          ...[0x80, 2, '}', unicode('a'), 'ctorch._utils\n_rebuild_tensor_v2\n', '((', unicode('storage')],
          ...[
            'ctorch\nFloatStorage\n',
            unicode('0'),
            unicode('cpu'),
            long(4),
            'tQ',
            long(0),
            ']]t',
            'R',
            's.',
          ],
        ),
        { 0: four },
      ),
    says: /sizes or strides of a tensor are impossible/,
  },
];

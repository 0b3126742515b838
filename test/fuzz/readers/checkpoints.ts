import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { bytes, little, safetensors, stateDict, torchZip, unicode } from '../../support/craft.js';
import type { FuzzedReader } from '../fuzz.js';
import { mutateBytes, withNumber } from '../mutators/bytes.js';
import { mutateJson } from '../mutators/json.js';
import { mutatePickle } from '../mutators/pickle.js';
import { type Entries, mutateZip } from '../mutators/zip.js';
import type { Random } from '../random.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-fuzz-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function stored(input: Uint8Array): string {
  const path = join(folder, 'fuzzed.bin');
  writeFileSync(path, input);
  return path;
}

/** Opens a checkpoint and reads its floating-point tensors, as an export does. */
async function readAll(input: Uint8Array): Promise<void> {
  const checkpoint = await openCheckpoint(stored(input));
  try {
    const weights = Weights.from((key) => checkpoint.tensors.get(key), checkpoint.file);
    for (const [key, { dims }] of checkpoint.tensors) weights.take(key, dims).constant?.bytes();
  } finally {
    checkpoint.close();
  }
}

const PICKLE = stateDict([
  { key: 'module.a.weight', sizes: [2, 2], strides: [2, 1], storage: '0' },
  { key: 'module.a.bias', sizes: [2], strides: [1], offset: 1, storage: '0' },
  { key: 'module.b.weight', sizes: [3, 2], strides: [1, 3], storage: '1', elements: 6 },
]);
const WRAPPED = bytes(
  ...[0x80, 2, '}(', unicode('epoch'), 'K', 3, unicode('state_dict'), PICKLE.subarray(2, -1)],
  ...[unicode('optimizer'), '}', unicode('loss'), 'G', new Uint8Array(8), 'u.'],
);
const STORAGES = [new Uint8Array(16).fill(1), new Uint8Array(24).fill(2)] as const;

const entriesOf = (pickle: Uint8Array): Entries => ({
  'archive/data.pkl': pickle,
  'archive/byteorder': Buffer.from('little'),
  'archive/data/0': STORAGES[0],
  'archive/data/1': STORAGES[1],
  'archive/version': Buffer.from('3\n'),
});

const NO_CHECKPOINT = /neither a PyTorch checkpoint/;

const torchZipReader: FuzzedReader = {
  name: 'torch zip',
  codes: ['BAD_CHECKPOINT'],
  first: /neither a PyTorch checkpoint|end of central directory/i,
  make: (random) =>
    mutateZip(entriesOf(random.pick([PICKLE, WRAPPED])), random, (name, data) =>
      name.endsWith('.pkl') && !random.once(3) ? mutatePickle(data, random) : mutateBytes(data, random),
    ),
  read: readAll,
};

const pickle: FuzzedReader = {
  name: 'pickle',
  codes: ['BAD_CHECKPOINT'],
  first: /pickle opcode 0x|protocol is newer/,
  make: (random) =>
    torchZip(mutatePickle(random.pick([PICKLE, WRAPPED]), random), { 0: STORAGES[0], 1: STORAGES[1] }),
  read: readAll,
};

const MAGIC = bytes(0x80, 2, 0x8a, 10, 'l\xfc\x9cF\xf9 j\xa8P\x19', '.');
const MACHINE = bytes(0x80, 2, '}(', unicode('little_endian'), 0x88, 'u.');
const KEYS = bytes(0x80, 2, '](', unicode('0'), unicode('1'), 'e.');

const torchLegacy: FuzzedReader = {
  name: 'torch legacy',
  codes: ['BAD_CHECKPOINT'],
  first: NO_CHECKPOINT,
  make(random) {
    const changed = random.below(4);
    const part = (at: number, data: Uint8Array) => (at === changed ? mutatePickle(data, random) : data);
    const protocol = bytes(0x80, 2, 'M', little(1001, 2), '.');
    const head = bytes(MAGIC, protocol, part(0, MACHINE), part(1, random.pick([PICKLE, WRAPPED])));
    const file = bytes(head, part(2, KEYS), little(4, 8), STORAGES[0], little(6, 8), STORAGES[1]);
    return changed === 3 || random.once(6) ? mutateBytes(file, random, MAGIC.length) : file;
  },
  read: readAll,
};

const HEADER = {
  __metadata__: { format: 'pt' },
  'a.weight': { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
  'a.bias': { dtype: 'F16', shape: [2], data_offsets: [16, 20] },
  'b.weight': { dtype: 'F64', shape: [1, 3], data_offsets: [20, 44] },
  steps: { dtype: 'I64', shape: [], data_offsets: [44, 52] },
};

function craftedSafetensors(random: Random): Uint8Array {
  const file = safetensors(mutateJson(HEADER, random), new Uint8Array(52).fill(1));
  if (random.once(8)) return withNumber(file, 0, 8, random);
  return random.once(4) ? mutateBytes(safetensors(HEADER, new Uint8Array(52)), random, 8) : file;
}

const safetensorsReader: FuzzedReader = {
  name: 'safetensors',
  codes: ['BAD_CHECKPOINT'],
  first: /neither a PyTorch checkpoint|a header of \d+ bytes/,
  make: craftedSafetensors,
  read: readAll,
};

function npy(description: string, shape: string, data: Uint8Array): Buffer {
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  return bytes('\x93NUMPY\x01\x00', little(text.length + 1, 2), text, '\n', data);
}

const ARRAYS: Entries = {
  'input.npy': npy('<f4', '1, 2, 2', new Uint8Array(16)),
  'output.npy': npy('<f8', '3,', new Uint8Array(24)),
  'labels.npy': npy('|u1', '', new Uint8Array(1)),
};

/** The header of an array, or its bytes. */
function mutateNpy(data: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(data).toString('latin1');
  const changed = random.pick([
    () =>
      text.replace(/\((.*)\)/, `(${random.pick(['0, ', '4294967296, ', '999999999999999, 9, ', '-1, '])}$1)`),
    () => text.replace(/<f4|<f8|\|u1/, random.pick(['<f4', '<f8', '<f2', '<i8', '>f4', '|O', '<U5'])),
    () => text.replace('False', random.pick(['True', 'None', ''])),
    () => text.replace('\x01\x00', random.pick(['\x02\x00', '\x03\x00', '\xff\xff'])),
    () => Buffer.from(mutateBytes(data, random, 6)).toString('latin1'),
  ]);
  return Buffer.from(changed(), 'latin1');
}

const npz: FuzzedReader = {
  name: 'npz',
  codes: ['BAD_REFERENCE'],
  first: /neither a \.safetensors nor an \.npz|end of central directory/i,
  make: (random) => mutateZip(ARRAYS, random, (_, data) => mutateNpy(data, random)),
  read: (input) => readReference(stored(input)),
};

export const CHECKPOINTS: readonly FuzzedReader[] = [
  torchZipReader,
  torchLegacy,
  pickle,
  safetensorsReader,
  npz,
];

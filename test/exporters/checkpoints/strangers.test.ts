/** What others save and PyTorch's own loader reads: the same tiny state dict, whatever it is wrapped in. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { type Checkpoint, openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { UnreadableTensor } from '../../../exporters/checkpoints/unreadable.js';
import { bytes, unicode } from '../../support/craft.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-strangers-'));
afterAll(() => rmSync(folder, { recursive: true }));

function contents({ tensors }: Checkpoint) {
  return Array.from(tensors, ([key, { dtype, dims, bytes }]) => ({
    ...{ key, dtype, dims },
    bytes: Buffer.from(bytes()).toString('hex'),
  }));
}

async function contentsOf(path: string) {
  const checkpoint = await openCheckpoint(path);
  const found = contents(checkpoint);
  checkpoint.close();
  return { found, note: checkpoint.note };
}

it.each([
  ...['numpy.pth', 'numpy-fortran.pth', 'numpy-big-endian.pth', 'numpy-legacy.pth'],
  ...['numpy-protocol2.pkl', 'numpy-protocol4.pkl', 'numpy-protocol5.pkl', 'tensors.pkl'],
  ...['xla.pth', 'device.pth'],
])('%s holds the numbers of plain.pth', async (name) => {
  const [plain, other] = [
    await contentsOf(fixture('strangers', 'plain.pth')),
    await contentsOf(fixture('strangers', name)),
  ];
  expect(plain.found.map(({ key }) => key)).toEqual(['conv.weight', 'conv.bias', 'scale']);
  expect(other).toEqual(plain);
});

it.each([
  ['whole.pth', /^weights are those of a whole pickled model \(strangers\.Tiny\), whose code is not read$/],
  ['whole-legacy.pth', /whole pickled model \(strangers\.Tiny\)/],
  ['whole-within.pth', /whole pickled model \(strangers\.Tiny\)/],
  ['script.pt', /^a TorchScript archive: its weights are read, its code is not$/],
])('%s gives the state dict of its model, and the note says what it was', async (name, says) => {
  const plain = await contentsOf(fixture('strangers', 'plain.pth'));
  const { found, note } = await contentsOf(fixture('strangers', name));
  const byKey = (entries: typeof found) => Object.fromEntries(entries.map(({ key, ...rest }) => [key, rest]));
  // TorchScript does not tell buffers that are not persistent apart.
  const { passing: _, ...rest } = byKey(found);
  expect(rest).toEqual(byKey(plain.found));
  expect(found.some(({ key }) => key === 'passing')).toBe(name === 'script.pt');
  expect(note).toMatch(says);
});

it('NumPy 2 has other names for the same functions', async () => {
  const file = readFileSync(fixture('strangers', 'numpy-protocol2.pkl')).toString('latin1');
  const path = join(folder, 'numpy2.pkl');
  writeFileSync(path, Buffer.from(file.replaceAll('numpy.core', 'numpy._core'), 'latin1'));
  expect(await contentsOf(path)).toEqual(await contentsOf(fixture('strangers', 'plain.pth')));
});

it.each([
  ['quantized', /is quantized: save the state dict of the float model/],
  ['quantized-legacy', /is quantized/],
  ['sparse', /is sparse: save it after to_dense\(\)/],
  ['sparse-rows', /is sparse: save it after to_dense\(\)/],
  ['meta', /has no data \(device 'meta'\)/],
  ['objects', /is a NumPy array of element type 'O8'/],
])(
  'a %s tensor is known by name and shape, says why it cannot be read, and spoils no other',
  async (name, says) => {
    const checkpoint = await openCheckpoint(fixture('strangers', `cannot-${name}.pth`));
    const { odd, ...others } = Object.fromEntries(checkpoint.tensors);
    expect(odd).toBeInstanceOf(UnreadableTensor);
    expect(odd?.dims).toEqual([2, 2]);
    expect(() => odd?.bytes()).toThrow(says);
    expect(Object.values(others).map((tensor) => tensor.bytes().length)).toEqual([24, 8, 8]);
    checkpoint.close();
  },
);

it('tensors of functions and classes that later versions may have are known by name', async () => {
  const values = ['ctorch._utils\n_rebuild_future_tensor\n)R', 'ctorchao.dtypes\nPackedTensor\n)\x81'];
  const items = values.flatMap((value, at) => [unicode(`odd${at}`), value]);
  const path = join(folder, 'future.pkl');
  writeFileSync(path, bytes(0x80, 2, '}(', ...items, unicode('args'), 'cargparse\nNamespace\n)R', 'u.'));
  const { tensors, close } = await openCheckpoint(path);
  expect([...tensors.keys()]).toEqual(['odd0', 'odd1']);
  expect(() => tensors.get('odd0')?.bytes()).toThrow(/not known \(torch\._utils\._rebuild_future_tensor\)/);
  close();
});

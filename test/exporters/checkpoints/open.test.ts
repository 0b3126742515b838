import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import type { KeySelection } from '../../../exporters/checkpoints/select-keys.js';
import { FileSource } from '../../../exporters/checkpoints/source.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { float32Values, integerValues } from '../../../graph/ir/tensor.js';
import {
  bytes,
  little,
  safetensors,
  stateDict,
  tensor,
  torchZip,
  unicode,
  zip,
} from '../../support/craft.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, contents: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const weight = { key: 'w', sizes: [2], strides: [1] };
const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

it.each(['zip.pth', 'legacy.pth', 'safetensors', 'deflated.pth', 'big-endian.pth'])(
  'nmode-CR_B.%s holds the very elements of the other containers',
  async (ending) => {
    const [expected, found] = await Promise.all(
      ['zip.pth', ending].map((end) => openCheckpoint(fixture('cases', `nmode-CR_B.${end}`))),
    );
    if (expected === undefined || found === undefined) throw new Error('unreachable');
    expect([...found.tensors.keys()]).toEqual([...expected.tensors.keys()]);
    for (const [key, { dtype, dims, bytes: elements }] of expected.tensors) {
      const other = found.tensors.get(key);
      expect(other).toMatchObject({ dtype, dims });
      expect(Buffer.compare(elements(), other?.bytes() ?? new Uint8Array(0))).toBe(0);
    }
    const counter = found.tensors.get('inc.double_conv.1.num_batches_tracked');
    expect(counter && integerValues(counter)).toEqual([1234]);
    expected.close();
    found.close();
  },
);

it('opening reads names and shapes only: no element is touched until asked for', async () => {
  const path = fixture('trained', 'unet-eed-w16-isic2018.pth');
  const read = jest.spyOn(FileSource.prototype, 'read');
  const checkpoint = await openCheckpoint(path);
  const touched = read.mock.calls.reduce((sum, [, length]) => sum + length, 0);
  read.mockRestore();
  checkpoint.close();
  expect(checkpoint.tensors.size).toBeGreaterThan(100);
  expect(touched).toBeLessThan(readFileSync(path).length / 20);
});

it('tensors that share a storage read it once', async () => {
  const shared = [weight, { ...weight, key: 'v', offset: 2 }];
  const checkpoint = await openCheckpoint(write('shared.pth', torchZip(stateDict(shared), { 0: storage })));
  const read = jest.spyOn(FileSource.prototype, 'read');
  const values = [...checkpoint.tensors.values()].map((entry) => [...float32Values(entry)]);
  expect(values).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(read.mock.calls.filter(([, length]) => length === storage.length)).toHaveLength(1);
  read.mockRestore();
  checkpoint.close();
});

it('two keys of one view are one weight, and no surplus', async () => {
  const twice = [weight, { ...weight, key: 'again' }, { ...weight, key: 'other', offset: 2 }];
  const { tensors, close } = await openCheckpoint(
    write('twice.pth', torchZip(stateDict(twice), { 0: storage })),
  );
  close();
  const weights = Weights.from((key) => tensors.get(key));
  weights.take('w', tensors.get('w')?.dims ?? []);
  expect(weights.finish(tensors.keys(), [], (key) => tensors.get(key)?.view).unused).toEqual(['other']);
});

it('a flipped bit in a storage is found by its CRC', async () => {
  const path = write('flipped.pth', torchZip(stateDict([weight]), { 0: { data: storage, crc: 1 } }));
  const checkpoint = await openCheckpoint(path);
  expect(() => checkpoint.tensors.get('w')?.bytes()).toThrow(/'archive\/data\/0' is corrupt: its CRC-32/);
  checkpoint.close();
});

describe('zips as PyTorch and other tools write them', () => {
  const opened = async (name: string, file: Uint8Array) => {
    const checkpoint = await openCheckpoint(write(name, file));
    const { note, tensors } = checkpoint;
    const values = Array.from(tensors.values(), (found) => [...float32Values(found)]);
    checkpoint.close();
    return { note, values };
  };

  it('without checksums (set_crc32_options(False)) every CRC is 0, which the note says', async () => {
    const pickle = { data: stateDict([weight]), crc: 0 };
    const file = zip({ 'archive/data.pkl': pickle, 'archive/data/0': { data: storage, crc: 0 } });
    expect(await opened('unchecked.pth', file)).toEqual({
      note: '2 of its 2 zip entries have no checksum (CRC-32): damage to them cannot be noticed',
      values: [[1, 2]],
    });
  });

  it('a deflated entry has one: PyTorch does not deflate', async () => {
    const data = deflateRawSync(storage);
    const entry = { data, size: storage.length, method: 8, crc: 0 };
    await expect(opened('deflated.pth', torchZip(stateDict([weight]), { 0: entry }))).rejects.toThrow(
      /'archive\/data\/0' is corrupt/,
    );
  });

  it('of a reference no CRC may be 0', async () => {
    const path = write('unchecked.npz', zip({ 'x.npy': { data: storage, crc: 0 } }));
    await expect(readReference(path)).rejects.toThrow(/'x\.npy' is corrupt/);
  });

  it('CRC and sizes may follow the data, and padding may precede it', async () => {
    const entry = { data: storage, flags: 8, extra: bytes('FB', little(6, 2), 'ZZZZZZ') };
    expect((await opened('late.pth', torchZip(stateDict([weight]), { 0: entry }))).values).toEqual([[1, 2]]);
  });

  it('sizes may stand in a zip64 field', async () => {
    const extra = bytes(little(1, 2), little(16, 2), little(storage.length, 8), little(storage.length, 8));
    const entry = { data: storage, extra, local: { size: 0xffffffff } };
    expect((await opened('zip64-sizes.pth', torchZip(stateDict([weight]), { 0: entry }))).values).toEqual([
      [1, 2],
    ]);
  });
});

describe('wrappers and prefixes', () => {
  const dict = (key: string) => bytes('}', unicode(key), tensor(weight), 's');
  it.each([
    ['bare', dict('w')],
    ['model_state_dict', bytes('}(', unicode('epoch'), 'K', 7, unicode('model_state_dict'), dict('w'), 'u')],
    [
      'model within a list of other things',
      bytes('}(', unicode('args'), ']', unicode('model'), dict('w'), 'u'),
    ],
    ['state_dict within model', bytes('}', unicode('model'), '}', unicode('state_dict'), dict('w'), 'ss')],
    ['DataParallel', dict('module.w')],
    ['compiled and DataParallel', dict('_orig_mod.module.w')],
  ])('%s', async (name, object) => {
    const path = write(`${name}.pth`, torchZip(bytes(0x80, 2, object, '.'), { 0: storage }));
    const checkpoint = await openCheckpoint(path);
    expect([...checkpoint.tensors.keys()]).toEqual(['w']);
    checkpoint.close();
  });

  it('of several sets of weights the usual one is taken, which is said, and another where it is asked for', async () => {
    const object = bytes('}(', unicode('best'), dict('v'), unicode('model'), dict('w'), 'u');
    const path = write('several.pth', torchZip(bytes(0x80, 2, object, '.'), { 0: storage }));
    const [usual, other] = [await openCheckpoint(path), await openCheckpoint(path, 'best')];
    expect([...usual.tensors.keys(), ...other.tensors.keys()]).toEqual(['w', 'v']);
    expect(usual.note).toBe("weights are those under 'model'; there are others under best");
    expect(other.note).toBe('');
    await expect(openCheckpoint(path, 'worst')).rejects.toThrow(
      /no state dict under 'worst': its keys are best, model/,
    );
    usual.close();
    other.close();
  });

  it.each([
    ['a dict key with dots', 'state_dict.model', dict('v'), 'state_dict.model'],
    ['a dict within one', 'runs.best.model', bytes('}', unicode('best.model'), dict('v'), 's'), 'runs'],
    ['what keys begin with', 'weights.student', dict('student.v'), 'weights'],
  ])('--key may be %s', async (name, key, object, at) => {
    const whole = bytes('}(', unicode(at), object, unicode('model'), dict('w'), 'u');
    const path = write(`key ${name}.pth`, torchZip(bytes(0x80, 2, whole, '.'), { 0: storage }));
    const checkpoint = await openCheckpoint(path, key);
    expect([...checkpoint.tensors.keys()]).toEqual(['v']);
    expect(checkpoint.note).toBe('');
    checkpoint.close();
  });

  it('--key of a safetensors file is what keys begin with; one that is not there lists what is', async () => {
    const entry = { dtype: 'F32', shape: [2] };
    const header = {
      'student.w': { ...entry, data_offsets: [0, 8] },
      'teacher.w': { ...entry, data_offsets: [8, 16] },
    };
    const path = write('pair.safetensors', safetensors(header, storage));
    const { tensors, prefix, ignored, close } = await openCheckpoint(path, 'student.');
    expect([[...tensors.keys()], prefix, ignored]).toEqual([['w'], 'student.', ['teacher.w']]);
    close();
    await expect(openCheckpoint(path, 'pupil')).rejects.toThrow(
      /no key begins with 'pupil': its 2 keys begin student\., teacher\./,
    );
  });

  it('dicts of tensors under unusual keys are one state dict; the only one is taken, which is said', async () => {
    const both = bytes('}(', unicode('netG'), dict('w'), unicode('netD'), dict('v'), 'u');
    const two = await openCheckpoint(write('gan.pth', torchZip(bytes(0x80, 2, both, '.'), { 0: storage })));
    expect([[...two.tensors.keys()], two.note]).toEqual([['netG.w', 'netD.v'], '']);
    const single = bytes('}(', unicode('unet'), dict('w'), unicode('epoch'), 'K', 3, 'u');
    const one = await openCheckpoint(write('one.pth', torchZip(bytes(0x80, 2, single, '.'), { 0: storage })));
    expect([[...one.tensors.keys()], one.note]).toEqual([['w'], "weights are those under 'unet'"]);
    two.close();
    one.close();
  });

  it("torch.compile's wrappers within keys are no part of them", async () => {
    const compiled = stateDict([{ ...weight, key: 'encoder._orig_mod.w' }]);
    const checkpoint = await openCheckpoint(write('inner.pth', torchZip(compiled, { 0: storage })));
    expect([...checkpoint.tensors.keys()]).toEqual(['encoder.w']);
    checkpoint.close();
  });

  describe('--prefix and --ignore', () => {
    const keys = ['net.w', 'net.aux.w', 'loss.pos_weight', 'loss.neg_weight'];
    const path = () =>
      write('selected.pth', torchZip(stateDict(keys.map((key) => ({ ...weight, key }))), { 0: storage }));
    const left = async (selection: KeySelection) => {
      const { tensors, ignored, close } = await openCheckpoint(path(), undefined, selection);
      close();
      return [[...tensors.keys()], ignored];
    };

    it.each<[KeySelection, string[], string[]]>([
      [{ prefix: 'net' }, ['w', 'aux.w'], ['loss.pos_weight', 'loss.neg_weight']],
      [{ prefix: 'net.' }, ['w', 'aux.w'], ['loss.pos_weight', 'loss.neg_weight']],
      [{ ignore: ['loss'] }, ['net.w', 'net.aux.w'], ['loss.pos_weight', 'loss.neg_weight']],
      [{ ignore: ['loss.pos_weight'] }, ['net.w', 'net.aux.w', 'loss.neg_weight'], ['loss.pos_weight']],
      [{ ignore: ['*_weight', '*.aux.*'] }, ['net.w'], ['net.aux.w', 'loss.pos_weight', 'loss.neg_weight']],
      [{ prefix: 'net', ignore: ['net.aux.'] }, ['w'], ['net.aux.w', 'loss.pos_weight', 'loss.neg_weight']],
    ])('%j', async (selection, taken, ignored) => {
      expect(await left(selection)).toEqual([taken, ignored]);
    });

    it.each<[KeySelection, RegExp]>([
      [{ prefix: 'nets' }, /no key begins with 'nets': its 4 keys begin net\., loss\./],
      [{ ignore: ['los'] }, /no key fits `ignore` 'los': its 4 keys begin/],
      [{ ignore: ['loss', 'l*x'] }, /no key fits `ignore` 'l\*x'/],
    ])('%j fits nothing, and what there is is listed', async (selection, says) => {
      await expect(left(selection)).rejects.toThrow(says);
    });
  });

  it('one dict under two names is found by the usual one, whichever comes first, and is no second set', async () => {
    const object = bytes('}(', unicode('best'), dict('w'), 'q', 9, unicode('model'), 'h', 9, 'u');
    const checkpoint = await openCheckpoint(
      write('same.pth', torchZip(bytes(0x80, 2, object, '.'), { 0: storage })),
    );
    expect([...checkpoint.tensors.keys()]).toEqual(['w']);
    expect(checkpoint.note).toBe('');
    checkpoint.close();
  });

  it("AveragedModel's counter is no weight, and hides no prefix", async () => {
    const averaged = stateDict([
      { ...weight, key: 'n_averaged' },
      { ...weight, key: 'module.w' },
    ]);
    const checkpoint = await openCheckpoint(write('averaged.pth', torchZip(averaged, { 0: storage })));
    expect([...checkpoint.tensors.keys()]).toEqual(['w']);
    expect(checkpoint.ignored).toEqual(['n_averaged']);
    checkpoint.close();
  });

  it('a prefix that only some keys have is part of their names', async () => {
    const mixed = stateDict([weight, { ...weight, key: 'module.w' }]);
    const checkpoint = await openCheckpoint(write('mixed.pth', torchZip(mixed, { 0: storage })));
    expect([...checkpoint.tensors.keys()]).toEqual(['w', 'module.w']);
    checkpoint.close();
  });

  it.each([
    ['a list', bytes('].'), /no state dict/],
    ['a whole model', bytes('cmodels\nUNet\n)', 0x81, '}b.'), /object of models\.UNet.*state_dict\(\)/],
    [
      'a whole model under model',
      bytes('}', unicode('model'), 'cmodels\nUNet\n)', 0x81, 's.'),
      /object of models\.UNet/,
    ],
    ['a dict of numbers', bytes('}', unicode('epoch'), 'K', 1, 's.'), /its keys are epoch; `key`/],
  ])('%s is told apart', async (name, object, says) => {
    const path = write(`${name}.pth`, torchZip(bytes(0x80, 2, object)));
    await expect(openCheckpoint(path)).rejects.toThrow(says);
  });
});

describe('references', () => {
  function npy(description: string, shape: string, data: Uint8Array, fortran = 'False'): Buffer {
    const header = `{'descr': '${description}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
    return bytes(0x93, 'NUMPY', 1, 0, little(header.length, 2), header, data);
  }

  it('npz arrays are read by name', async () => {
    const path = write(
      'io.npz',
      zip({ 'input.npy': npy('<f4', '(2, 2)', storage), 'n.npy': npy('<f4', '()', storage.slice(0, 4)) }),
    );
    const tensors = await readReference(path);
    expect([...tensors].map(([name, { dims }]) => [name, dims])).toEqual([
      ['input', [2, 2]],
      ['n', []],
    ]);
    const input = tensors.get('input');
    expect(input && [...float32Values(input)]).toEqual([1, 2, 3, 4]);
  });

  it('arrays of labels and objects are left out, doubles become float32', async () => {
    const doubles = new Uint8Array(Float64Array.of(0.5).buffer);
    const entries = {
      'x.npy': npy('<f8', '(1,)', doubles),
      'label.npy': npy('|b1', '(1,)', storage.slice(0, 1)),
    };
    const tensors = await readReference(write('mixed.npz', zip(entries)));
    expect([...tensors.keys()]).toEqual(['x']);
    expect(tensors.get('x')?.dtype).toBe('float32');
  });

  it('arrays in Fortran order and big-endian ones are read as they are meant', async () => {
    const big = Buffer.from(storage).swap32();
    const fortran = npy('<f4', '(2, 2)', storage, 'True');
    const path = write('orders.npz', zip({ 'big.npy': npy('>f4', '(4,)', big), 'fortran.npy': fortran }));
    const tensors = await readReference(path);
    const values = Array.from(tensors.values(), (found) => [...float32Values(found)]);
    expect(values).toEqual([
      [1, 2, 3, 4],
      [1, 3, 2, 4],
    ]);
  });

  it('an array that its data does not have says what it lacks', async () => {
    const path = write('short.npz', zip({ 'x.npy': npy('<f4', '(5,)', storage) }));
    await expect(readReference(path)).rejects.toMatchObject({
      code: 'BAD_REFERENCE',
      message: expect.stringMatching(
        /^short\.npz: 'x\.npy': sizes \[5\] .* need 20 bytes, its storage holds 16$/,
      ),
    });
  });

  it('records are no tensors and left out', async () => {
    const header = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }\n";
    const entry = bytes(0x93, 'NUMPY', 1, 0, little(header.length, 2), header, storage);
    const path = write('records.npz', zip({ 'r.npy': entry, 'x.npy': npy('<f4', '(4,)', storage) }));
    expect([...(await readReference(path)).keys()]).toEqual(['x']);
  });

  it.each([
    ['a header longer than the file', bytes(0x93, 'NUMPY', 1, 0, little(9999, 2), '{}')],
    ['a version of the future', bytes(0x93, 'NUMPY', 9, 0, little(2, 2), '{}')],
    ['sizes that overflow', npy('<f4', '(999999999999999, 999999999999999, 0)', new Uint8Array(0))],
    ['a hundred axes', npy('<f4', `(${'1, '.repeat(100)})`, storage.slice(0, 4))],
    ['a negative size', npy('<f4', '(-2, -2)', storage)],
    ['no array at all', Buffer.from('hello, this is not an array')],
  ])('%s are refused', async (_, entry) => {
    await expect(readReference(write('bad.npz', zip({ 'x.npy': entry })))).rejects.toMatchObject({
      code: 'BAD_REFERENCE',
      message: expect.stringContaining('bad.npz'),
    });
  });
});

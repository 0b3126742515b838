/** Files that are taken for checkpoints: each is called what it is, with what to do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from '@jest/globals';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import { bytes, stateDict, torchZip, zip } from '../../support/craft.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-foreign-'));
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = torchZip(stateDict([{ key: 'w', sizes: [2], strides: [1] }]), { 0: new Uint8Array(16) });
const text = (content: string) => Buffer.from(content);
const nothing = new Uint8Array(0);

it.each<[string, Uint8Array, RegExp]>([
  ['empty.pth', nothing, /an empty file.*: download or save it again/],
  ['lfs.pth', text('version https://git-lfs.github.com/spec/v1\noid sha256:4d\n'), /Git LFS.*git lfs pull/],
  ['page.pth', text('\n<!DOCTYPE html>\n<html>Sign in</html>'), /a web page.*download the file itself/],
  ['page.safetensors', text('<html><head>404</head></html>'), /a web page/],
  ['error.pth', text('{"error": "not found"}'), /a text in JSON, perhaps the error message of a server/],
  // Its ninth byte is that of a safetensors header.
  ['error.safetensors', text('{"data":{"error": "not found"}}'), /a text in JSON/],
  ['list.pth', text('[{"message": "no"}]'), /a text in JSON/],
  [
    'model.safetensors.index.json',
    text('{"metadata": {"total_size": 8}, "weight_map": {"w": "model-00001-of-00002.safetensors"}}'),
    /the index of a sharded checkpoint.*join them into one/,
  ],
  ['model-00001-of-00002.safetensors', nothing, /part 1 of the 2 of a sharded checkpoint: load all parts/],
  ['pytorch_model-00003-of-00012.bin', checkpoint, /part 3 of the 12/],
  ['weights.h5', bytes('\x89HDF\r\n\x1a\n', new Uint8Array(40)), /an HDF5 file, as Keras writes/],
  ['array.npy', bytes(0x93, 'NUMPY', 1, 0), /a single array of NumPy/],
  ['arrays.npz', zip({ 'w.npy': nothing }), /arrays of NumPy \(\.npz\)/],
  ['best.pth.gz', gzipSync(checkpoint), /packed by gzip.*unpack it first/],
  ['best.pth.xz', bytes('\xfd7zXZ\0\0\x04'), /packed by xz.*unpack it first/],
  ['best.zst', bytes('\x28\xb5\x2f\xfd\0'), /packed by zstd/],
  ['best.tar', bytes('best.pth', new Uint8Array(249), 'ustar', new Uint8Array(250)), /a tar archive/],
  ['best.zip', zip({ 'run/best.pth': checkpoint }), /an archive of other files.*give the checkpoint in it/],
  ['no-entries.pth', bytes('PK\x05\x06', new Uint8Array(18)), /a zip archive without entries/],
  [
    'program.pt2',
    zip({ 'p/archive_format': text('pt2'), 'p/models/model.json': text('{}') }),
    /torch\.export \(\.pt2\)/,
  ],
  ['old.pt2', zip({ 'serialized_exported_program.json': text('{}') }), /torch\.export \(\.pt2\)/],
  ['net.keras', zip({ 'config.json': text('{}'), 'model.weights.h5': nothing }), /a model of Keras/],
  ['other.pth', zip({ 'readme.txt': nothing }), /without data\.pkl/],
  ['net.tflite', bytes('\x1c\0\0\0TFL3', new Uint8Array(30)), /a TensorFlow Lite model/],
  ['net.ckpt.index', bytes('\0\0\x01', new Uint8Array(60)), /a part of a TensorFlow checkpoint/],
  [
    'net.ckpt',
    bytes('\0\0\x01', new Uint8Array(60), '\x57\xfb\x80\x8b\x24\x75\x47\xdb'),
    /TensorFlow checkpoint/,
  ],
  ['net.mlmodel', bytes('\x08\x04\x12\x02ab'), /a Core ML model/],
  ['net.onnx', nothing, /an empty file/],
  ['net.pth', bytes('\x08\x08\x12\x07pytorch', new Uint8Array(40)), /an ONNX model.*nmode graft/],
  ['llm.gguf', bytes('GGUF\x03\0\0\0', new Uint8Array(40)), /a GGUF file/],
  ['photo.pth', bytes('\x89PNG\r\n\x1a\n', new Uint8Array(40)), /an image or a PDF/],
  ['zeros.pth', new Uint8Array(5000), /all zeros.*download it again/],
  ['cut.pth', checkpoint.subarray(0, checkpoint.length - 60), /truncated.*download or save it again/],
  [
    'notes.pth',
    text('epochs: 40, dice: 0.91'),
    /neither a PyTorch checkpoint \(\.pth, \.pt\) nor a \.safetensors file$/,
  ],
])('%s', async (name, content, says) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  const refused = openCheckpoint(path);
  await expect(refused).rejects.toMatchObject({
    code: 'BAD_CHECKPOINT',
    message: expect.stringMatching(says),
  });
  await expect(refused).rejects.toThrow(`${name}: `);
});

it('an ONNX file of an exporter is called one, whatever its name', async () => {
  await expect(openCheckpoint(fixture('foreign', 'lraspp.onnx'))).rejects.toThrow(/an ONNX model/);
});

it('a folder is called one', async () => {
  mkdirSync(join(folder, 'model'));
  await expect(openCheckpoint(join(folder, 'model'))).rejects.toThrow(
    /a folder without model\.safetensors, pytorch_model\.bin, models\/model\.pt, .*: name the file with the weights in it/,
  );
});

it('of a folder, the file or the folder with weights is proposed', async () => {
  const above = join(folder, 'results');
  const [dataset, fold] = [join(above, 'Dataset901_RefRGB'), 'nnUNetTrainer__nnUNetPlans__2d/fold_0'];
  mkdirSync(join(dataset, fold), { recursive: true });
  writeFileSync(join(dataset, fold, 'checkpoint_final.pth'), '');
  await expect(openCheckpoint(above)).rejects.toThrow(`of a usual name: give ${dataset}`);
  writeFileSync(join(above, 'checkpoint_epoch5.pth'), '');
  const first = join(above, 'checkpoint_epoch5.pth');
  await expect(openCheckpoint(above)).rejects.toThrow(new RegExp(`of a usual name: give ${first}$`));
  writeFileSync(join(above, 'unet.onnx'), '');
  await expect(openCheckpoint(above)).rejects.toThrow(`give ${first}, or another of 2 there`);
});

it('the only part of a checkpoint is a whole one', async () => {
  const path = join(folder, 'model-00001-of-00001.pth');
  writeFileSync(path, checkpoint);
  (await openCheckpoint(path)).close();
});

it.each([
  ['reference.npy', bytes(0x93, 'NUMPY', 1, 0), /a single array of NumPy.*numpy\.savez/],
  ['reference.pt', checkpoint, /^reference\.pt: a PyTorch file: save inputs and outputs with numpy\.savez/],
  ['empty.npz', zip({ 'x.txt': nothing }), /a zip file without arrays \(\.npy\) in it: save/],
  ['reference.npz', text('version https://git-lfs.github.com/spec/v1'), /Git LFS/],
])('a reference is called what it is as well: %s', async (name, content, says) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  await expect(readReference(path)).rejects.toMatchObject({
    code: 'BAD_REFERENCE',
    message: expect.stringMatching(says),
  });
});

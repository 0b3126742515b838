import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import proto from 'onnx-proto';
import { readingBeside } from '../../../graph/file/external.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { loadModel } from '../../../runtime/node/model.js';
import { minimal } from '../../support/onnx-files.js';

const { AttributeType } = proto.onnx.AttributeProto;
const outer = mkdtempSync(join(tmpdir(), 'nmode-external-'));
afterAll(() => rmSync(outer, { recursive: true }));
const folder = join(outer, 'models');
const file = join(folder, 'model.onnx');
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'deep'), { recursive: true });
  const floats = Float32Array.from({ length: 16 }, (_, i) => i);
  writeFileSync(join(folder, 'model.onnx.data'), Buffer.from(floats.buffer));
  writeFileSync(join(folder, 'deep', 'w'), Buffer.from(floats.buffer));
  writeFileSync(join(outer, 'secret'), Buffer.from(floats.buffer));
});

/** Two floats that are elsewhere, from the third on. */
const tensor = (entries: Readonly<Record<string, string>> = {}, name = 'w'): proto.onnx.ITensorProto => ({
  ...{ name, dims: [2], dataType: 1, dataLocation: 1 },
  externalData: Object.entries({ location: 'model.onnx.data', offset: '8', ...entries }).map(
    ([key, value]) => ({ key, value }),
  ),
});

/** y = x + w, where w is elsewhere. */
function write(w: proto.onnx.ITensorProto, more: readonly proto.onnx.INodeProto[] = []): void {
  const type = { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } };
  const graph = {
    node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }, ...more],
    initializer: [w],
    input: [{ name: 'x', type }],
    output: [{ name: 'y', type }],
  };
  writeFileSync(file, proto.onnx.ModelProto.encode({ ...minimal(), graph }).finish());
}

describe('weights in a file beside the model', () => {
  it.each([{}, { length: '8' }, { location: 'deep/w' }, { location: './deep/../model.onnx.data' }])(
    '%j are read, and written as a part of the file',
    async (entries) => {
      write(tensor(entries));
      const { model, bytes } = await loadModel(file);
      const w = model.graph.initializers.get('w');
      expect(w && [...float32Values(w)]).toEqual([2, 3]);
      // What a runtime is given needs no folder.
      const alone = parseModel(bytes, 'alone').graph.initializers.get('w');
      expect(alone && [...float32Values(alone)]).toEqual([2, 3]);
    },
  );

  it('of Constant nodes, and of branches, too', () => {
    const branch = {
      node: [{ opType: 'Relu', input: ['v'], output: ['r'] }],
      initializer: [tensor({}, 'v')],
    };
    write(tensor(), [
      {
        opType: 'Constant',
        output: ['c'],
        attribute: [{ name: 'value', type: AttributeType.TENSOR, t: tensor() }],
      },
      { opType: 'If', input: ['b'], output: ['r'], attribute: [{ name: 'then_branch', type: 5, g: branch }] },
    ]);
    const bytes = proto.onnx.ModelProto.decode(
      encodeModel(parseModel(readBytes(), 'it', readingBeside(folder))),
    );
    const [, constant, choice] = bytes.graph?.node ?? [];
    const inline = { dataLocation: 0, externalData: [], rawData: Buffer.from(Float32Array.of(2, 3).buffer) };
    expect(constant?.attribute?.[0]?.t).toMatchObject(inline);
    expect(choice?.attribute?.[0]?.g?.initializer?.[0]).toMatchObject({ name: 'v', ...inline });
  });

  it('are not read before they are needed, nor held', () => {
    write(tensor());
    const w = parseModel(readBytes(), 'it', readingBeside(folder)).graph.initializers.get('w');
    writeFileSync(join(folder, 'model.onnx.data'), Buffer.from(new Float32Array(16).fill(7).buffer));
    expect(w && [...float32Values(w)]).toEqual([7, 7]);
    truncateSync(join(folder, 'model.onnx.data'), 10);
    expect(() => w?.bytes()).toThrow("tensor 'w' is stored in 'model.onnx.data', which became shorter while");
  });
});

describe('refused, with the tensor, the file and the reason', () => {
  it.each([
    [
      { location: '../secret' },
      "is stored in '../secret', which is not in the model's folder: nothing else is read",
    ],
    [{ location: join(outer, 'secret') }, "which is not in the model's folder"],
    [{ location: 'link' }, "is stored in 'link', which is not in the model's folder"],
    [{ location: 'away/secret' }, "is stored in 'away/secret', which is not in the model's folder"],
    [{ location: 'gone' }, 'which is not to be found: it belongs beside the model'],
    [{ location: 'deep' }, 'which is not a file'],
    [{ location: '' }, 'which is not a path'],
    [{ location: 'deep\\w' }, 'which is not a path'],
    [{ offset: '60' }, "'model.onnx.data', which has 64 bytes, expected 8 from 60 on"],
    [{ offset: '-8' }, "in another file, at the impossible offset '-8'"],
    [{ offset: '1.5' }, "at the impossible offset '1.5'"],
    [{ length: '4' }, "tensor 'w' takes 8 bytes, its file has 4 for it"],
  ])('%j', async (entries, says) => {
    symlinkSync(join(outer, 'secret'), join(folder, 'link'));
    symlinkSync(outer, join(folder, 'away'));
    write(tensor(entries));
    await expect(loadModel(file)).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: expect.stringContaining(says),
    });
    await expect(loadModel(file)).rejects.toThrow(/^model\.onnx: tensor 'w' /);
  });
});

function readBytes(): Uint8Array {
  return readFileSync(file);
}

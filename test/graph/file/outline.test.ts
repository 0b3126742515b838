import { describe, expect, it } from '@jest/globals';
import { readOutline } from '../../../graph/file/outline.js';
import { parseModel } from '../../../graph/file/read.js';
import { encodeModel } from '../../../graph/file/write.js';
import { outlineOf } from '../../../graph/ir/model.js';
import { exported, fixture } from '../../support/fixtures.js';
import { handmade, node } from '../../support/graph.js';

const told = { decoder: 'eed', activation: 'gelu' } as const;
const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');

/** Names and types, which is all that is asked of ports. */
const ports = (list: ReturnType<typeof outlineOf>['inputs']) =>
  list.map(({ name, type }) => ({ name, type }));

describe('the outline of a model, read without a protobuf library', () => {
  it.each([
    ['of a fixed size', { size: { batch: 1, height: 64, width: 32 } }],
    ['of open sizes', { size: {}, nativeSize: true }],
    ['that takes images', { io: 'image', size: { batch: 1, height: 64, width: 64 } }],
  ] as const)('is that of the whole reader: a model %s', async (_, options) => {
    const bytes = await exported(trained, { ...told, ...options });
    const [found, expected] = [readOutline(bytes, 'm'), outlineOf(parseModel(bytes, 'm'))];
    expect(ports(found.inputs)).toEqual(ports(expected.inputs));
    expect(ports(found.outputs)).toEqual(ports(expected.outputs));
    expect(found.metadata).toEqual(expected.metadata);
    expect(found.inputs).toHaveLength(1);
    expect(found.metadata.size).toBeGreaterThan(3);
  });

  it('has the output first that is asked for, and what that ends in', () => {
    const bytes = encodeModel(
      handmade({
        nodes: [node('Relu', ['x'], ['a']), node('Sigmoid', ['x'], ['b'])],
        inputs: [{ name: 'x' }],
        outputs: [{ name: 'a' }, { name: 'b' }],
      }),
    );
    expect(readOutline(bytes, 'm', 'b')).toMatchObject({
      outputs: [{ name: 'b' }, { name: 'a' }],
      activation: 'sigmoid',
    });
    expect(readOutline(bytes, 'm', 'none').outputs[0]).toMatchObject({ name: 'a' });
  });

  it('has the sign of a size', () => {
    // ModelProto { graph { input { name: "x", type { tensor_type { FLOAT, shape { dim { -1 } } } } } }, opset_import {} }
    const dim = [10, 11, 8, ...new Array<number>(9).fill(255), 1];
    const tensor = [8, 1, 18, dim.length, ...dim];
    const type = [10, tensor.length, ...tensor];
    const input = [10, 1, 120, 18, type.length, ...type];
    const graph = [90, input.length, ...input];
    const model = Uint8Array.of(58, graph.length, ...graph, 66, 0);
    expect(readOutline(model, 'm').inputs).toEqual([{ name: 'x', type: { dtype: 'float32', shape: [-1] } }]);
    expect(ports(outlineOf(parseModel(model, 'm')).inputs)).toEqual(readOutline(model, 'm').inputs);
  });

  it('of half a file is refused, wherever it is cut', async () => {
    const bytes = await exported(trained, { ...told, size: { batch: 1, height: 64, width: 64 } });
    for (let share = 0; share < 1; share += 0.01) {
      const cut = bytes.subarray(0, Math.floor(share * bytes.length));
      expect(() => readOutline(cut, 'half.onnx')).toThrow(
        expect.objectContaining({
          code: 'BAD_MODEL',
          message: expect.stringMatching(/^half\.onnx: (not an ONNX file|truncated: at least \d+ bytes)/),
        }),
      );
    }
  });

  it.each([
    ['a web page', new TextEncoder().encode('<!doctype html><html></html>')],
    ['nothing', new Uint8Array()],
    ['a number without an end', Uint8Array.of(8, ...new Array<number>(11).fill(255))],
    ['a length of 2^60', Uint8Array.of(58, 128, 128, 128, 128, 128, 128, 128, 128, 16, 0)],
  ])('of %s is refused', (_, bytes) => {
    expect(() => readOutline(bytes, 'm')).toThrow(expect.objectContaining({ code: 'BAD_MODEL' }));
  });

  it('of a million and one fields is refused, though it may be one of ONNX', () => {
    const bytes = new Uint8Array(2_000_004).fill(8);
    expect(() => readOutline(bytes, 'm')).toThrow(
      /^m: a message of more than 1000000 fields, no more are read$/,
    );
    expect(() => parseModel(bytes, 'm')).toThrow(/^m: it has more than 1000000 fields, no more are read$/);
  });
});

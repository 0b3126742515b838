import { describe, expect, it, jest } from '@jest/globals';
import { toFloat32 } from '../../../exporters/checkpoints/float32.js';
import { readSafetensors } from '../../../exporters/checkpoints/safetensors.js';
import { memorySource } from '../../../exporters/checkpoints/source.js';
import { stridedTensor } from '../../../exporters/checkpoints/strided.js';
import { DTYPES, type DType } from '../../../graph/ir/dtype.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { safetensors } from '../../support/craft.js';

function storage(data: Uint8Array) {
  return { size: data.length, bytes: () => data };
}

describe('views', () => {
  const data = Uint8Array.from({ length: 8 * 64 }, (_, i) => (i * 37) % 251);
  const views = [
    { dims: [4, 6], strides: [6, 1], offset: 3 },
    { dims: [6, 4], strides: [1, 6], offset: 0 },
    { dims: [2, 3, 4], strides: [1, 8, 2], offset: 5 },
    { dims: [3, 4], strides: [0, 2], offset: 1 },
    { dims: [], strides: [], offset: 63 },
    { dims: [2, 0, 3], strides: [3, 3, 1], offset: 60 },
    { dims: [5, 1, 2], strides: [2, 999, 1], offset: 0 },
  ];
  const dtypes: readonly DType[] = ['uint8', 'float16', 'float32', 'float64', 'int64'];
  const grid = dtypes.flatMap((dtype) =>
    [false, true].flatMap((bigEndian) => views.map((view) => ({ ...view, dtype, bigEndian }))),
  );
  it.each(grid)('$dtype $dims by $strides from $offset, big-endian $bigEndian', (view) => {
    const size = DTYPES[view.dtype].bytes;
    const expected: number[] = [];
    const visit = (axis: number, at: number) => {
      if (axis < view.dims.length) {
        for (let i = 0; i < (view.dims[axis] ?? 0); i++) visit(axis + 1, at + i * (view.strides[axis] ?? 0));
        return;
      }
      const element = [...data.subarray(at * size, (at + 1) * size)];
      expected.push(...(view.bigEndian ? element.reverse() : element));
    };
    visit(0, view.offset);
    expect([...stridedTensor({ ...view, storage: storage(data) }).bytes()]).toEqual(expected);
  });

  it('the storage is not read before an element is asked for', () => {
    const bytes = jest.fn(() => data);
    const tensor = stridedTensor({
      ...{ dtype: 'float32', dims: [2], strides: [1], offset: 0, bigEndian: false },
      storage: { size: data.length, bytes },
    });
    expect(tensor.dims).toEqual([2]);
    expect(bytes).not.toHaveBeenCalled();
  });

  it('a view of all of a storage, in its order, is read into memory that is there, and nothing else is', () => {
    const readInto = (target: Uint8Array) => target.set(data);
    const view = { dtype: 'float32', dims: [8, 16], strides: [16, 1], offset: 0, bigEndian: false } as const;
    const fillOf = (other: object) =>
      stridedTensor({ ...view, ...other, storage: { ...storage(data), readInto } }).fill;
    const target = new Uint8Array(data.length);
    fillOf({})?.(target);
    expect(target).toEqual(data);
    for (const other of [{ dims: [4, 16] }, { dims: [16, 8], strides: [1, 16] }, { bigEndian: true }]) {
      expect(fillOf(other)).toBeUndefined();
    }
  });

  it.each([
    ['past the end', [65], [1], 0],
    ['past the end by its stride', [2, 2], [64, 1], 0],
    ['before the start', [2], [1], -1],
    ['backwards', [2], [-1], 3],
    ['of broken sizes', [1.5], [1], 0],
  ])('a view %s is refused', (_, dims, strides, offset) => {
    const view = {
      dtype: 'float64',
      dims,
      strides,
      offset,
      storage: storage(data),
      bigEndian: false,
    } as const;
    expect(() => stridedTensor(view)).toThrow(RangeError);
  });
});

describe('conversion to float32', () => {
  it('every half widens to its exact value', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const half = { dtype: 'float16', dims: [65536], bytes: () => new Uint8Array(halves.buffer) } as const;
    const converted = toFloat32(half);
    if (converted === undefined) throw new Error('float16 is not converted');
    const values = float32Values(converted.tensor);
    expect(converted.isNarrowed).toBe(false);
    expect(
      [0x0001, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00].map((bits) => values[bits]),
    ).toEqual([
      ...[2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, -2, 65504],
      ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ]);
    expect(Object.is(values[0x8000], -0)).toBe(true);
    expect(values[0x7e00]).toBeNaN();
    // Halves in the order of their bits are in the order of their values.
    for (let bits = 1; bits < 0x7c00; bits++) expect(values[bits]).toBeGreaterThan(values[bits - 1] ?? 0);
  });

  it('bfloat16 is the upper half of a float32; doubles round to the nearest', () => {
    const upper = Uint16Array.of(0x3f80, 0xc040, 0x0001);
    const bfloat = toFloat32({ dtype: 'bfloat16', dims: [3], bytes: () => new Uint8Array(upper.buffer) });
    expect(bfloat && [...float32Values(bfloat.tensor)]).toEqual([1, -3, 2 ** -133]);
    const doubles = Float64Array.of(1 + 2 ** -24 + 2 ** -40, 0.1);
    const double = toFloat32({ dtype: 'float64', dims: [2], bytes: () => new Uint8Array(doubles.buffer) });
    expect(double?.isNarrowed).toBe(true);
    expect(double && [...float32Values(double.tensor)]).toEqual([1 + 2 ** -23, Math.fround(0.1)]);
  });

  it('whole numbers are no weights', () => {
    expect(toFloat32({ dtype: 'int64', dims: [1], bytes: () => new Uint8Array(8) })).toBeUndefined();
  });
});

describe('safetensors', () => {
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const read = (header: unknown, size: number) =>
    readSafetensors(memorySource(safetensors(header, new Uint8Array(size))));

  it('reads tensors in the order of their data, and what is said beside them', () => {
    const later = { ...entry, data_offsets: [4, 8] };
    const { tensors, metadata } = read({ __metadata__: { format: 'pt' }, later, first: entry }, 8);
    expect([...tensors.keys()]).toEqual(['first', 'later']);
    expect([...metadata]).toEqual([['format', 'pt']]);
  });

  it.each([
    [
      'a name that occurs twice',
      `{"a":${JSON.stringify(entry)},"a":${JSON.stringify(entry)}}`,
      4,
      /named twice/,
    ],
    [
      'a name that occurs twice, once escaped',
      `{"a":${JSON.stringify(entry)},"\\u0061":${JSON.stringify(entry)}}`,
      4,
      /twice/,
    ],
    ['a hole', { a: { ...entry, data_offsets: [4, 8] } }, 8, /hole/],
    ['bytes behind the last tensor', { a: entry }, 5, /describes/],
    ['a size that is not that of its shape', { a: { ...entry, shape: [2] } }, 4, /takes 8 bytes, found 4/],
    ['an unknown element type', { a: { ...entry, dtype: 'F8_E4M3' } }, 4, /F8_E4M3/],
    ['a negative size', { a: { ...entry, shape: [-1] } }, 4, /no whole sizes/],
    [
      'the metadata twice',
      '{"__metadata__":{},"__metadata__":{}}',
      0,
      /a tensor, or the metadata, is named twice/,
    ],
    [
      'a field of an entry twice',
      `{"a":{"shape":[1],${JSON.stringify(entry).slice(1)}}`,
      4,
      /described twice/,
    ],
    ['an entry that is a list', { a: [1, 2] }, 4, /'a' has no element type/],
    ['an entry with an object in it', { a: { ...entry, shape: { of: 1 } } }, 4, /no whole sizes/],
    ['an entry that is not an object', { a: 3 }, 4, /'a' has no element type/],
    ['a header that is a list', '[]', 0, /not a JSON object/],
    ['a header that is not JSON', '{nonsense', 0, /JSON/],
  ])('refuses %s', (_, header, size, says) => {
    expect(() => read(header, size)).toThrow(says);
  });
});

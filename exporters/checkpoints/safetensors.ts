import type { DType } from '../../graph/ir/dtype.js';
import { byteLength, type Tensor } from '../../graph/ir/tensor.js';
import type { Source } from './source.js';
import { MAX_RANK } from './strided.js';

/** Larger headers take seconds and gigabytes to parse; a network of 10,000 tensors needs one MB. */
const MAX_HEADER_BYTES = 8 * 2 ** 20;
/** A tensor's entry takes three brackets, one within another. */
const MAX_BRACKETS = 150_000;
const MAX_DEPTH = 3;

const DTYPE_NAMES: ReadonlyMap<unknown, DType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, the data (the format's README).
 * The data must be covered without holes or overlaps, and every name must occur once.
 * @returns the tensors, and `metadata`, the format's free field: texts by name
 */
export function readSafetensors(source: Source) {
  const prefix = source.read(0, 8);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(`a header of ${length} bytes, at most ${MAX_HEADER_BYTES} are read`);
  }
  const start = 8 + length;
  if (start > source.size) {
    throw new RangeError(`its header ends at ${start} bytes, the file at ${source.size}: download it again`);
  }
  const { __metadata__: metadata, ...header } = parseHeader(
    new TextDecoder('utf-8', { fatal: true }).decode(source.read(8, length)),
  );
  const placed = Object.entries(header)
    .map(([name, entry]) => place(name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== covered) {
      throw new RangeError(
        `tensor '${name}' begins at ${begin}, expected ${covered}: tensors overlap or leave a hole`,
      );
    }
    covered = end;
  }
  if (start + covered !== source.size) {
    const cut = start + covered > source.size ? ': download it again' : '';
    throw new RangeError(`the header describes ${start + covered} bytes, the file has ${source.size}${cut}`);
  }
  const tensors = new Map(
    placed.map(({ name, dtype, dims, begin, end }): [string, Tensor] => [
      name,
      {
        ...{ dtype, dims, bytes: () => source.read(start + begin, end - begin) },
        fill: (target) => source.readInto(target, start + begin),
      },
    ]),
  );
  return { tensors, metadata: textsOf(metadata) };
}

function parseHeader(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) throw new SyntaxError('the header is not a JSON object');
  const [names, fields] = scan(text);
  const header: Record<string, unknown> = JSON.parse(text);
  if (names !== Object.keys(header).length)
    throw new SyntaxError('a tensor, or the metadata, is named twice');
  const kept = Object.values(header).reduce((sum: number, entry) => sum + fieldsOf(entry), 0);
  if (fields !== kept) throw new SyntaxError('a tensor is described twice, or a field of the metadata');
  return header;
}

/** Keys of an object and of those in it, whose depth is limited. */
function fieldsOf(entry: unknown): number {
  if (typeof entry !== 'object' || entry === null) return 0;
  const inner = Object.values(entry).reduce((sum: number, value) => sum + fieldsOf(value), 0);
  return inner + (Array.isArray(entry) ? 0 : Object.keys(entry).length);
}

function textsOf(metadata: unknown = {}): ReadonlyMap<string, string> {
  const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (!isObject || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw new TypeError('__metadata__ is not an object of strings');
  }
  return new Map(Object.entries(metadata as Record<string, string>));
}

/**
 * Counts the keys of a JSON object and of the objects in it as written, since JSON.parse keeps only the last of two equal ones,
 * and refuses what would cost more to parse than its length says.
 */
function scan(text: string): readonly [names: number, fields: number] {
  let [depth, brackets, names, fields] = [0, 0, 0, 0];
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = true;
    } else if (character === ':') {
      if (depth === 1) names++;
      else fields++;
    } else if (character === '{' || character === '[') {
      if (++depth > MAX_DEPTH) {
        throw new RangeError(`the header is nested deeper than ${MAX_DEPTH}: it is not one of tensors`);
      }
      if (++brackets > MAX_BRACKETS) {
        throw new RangeError(`the header has more than ${MAX_BRACKETS} objects and lists, three a tensor`);
      }
    } else if (character === '}' || character === ']') {
      depth--;
    }
  }
  return [names, fields];
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function place(name: string, entry: unknown) {
  const { dtype: dtypeName, shape, data_offsets: offsets } = Object(entry) as Record<string, unknown>;
  const dtype = DTYPE_NAMES.get(dtypeName);
  if (dtype === undefined) {
    const found = typeof dtypeName === 'string' ? `the element type '${dtypeName}'` : 'no element type';
    throw new TypeError(
      `tensor '${name}' has ${found}, expected one of ${[...DTYPE_NAMES.keys()].join(', ')}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isWhole) || !Array.isArray(offsets) || !offsets.every(isWhole)) {
    throw new TypeError(`tensor '${name}' has no whole sizes and offsets`);
  }
  const [begin, end, ...rest] = offsets;
  if (begin === undefined || end === undefined || rest.length > 0) {
    throw new TypeError(`tensor '${name}' has ${offsets.length} data_offsets, expected 2: begin and end`);
  }
  if (shape.length > MAX_RANK)
    throw new RangeError(`tensor '${name}' has ${shape.length} axes, at most ${MAX_RANK} are read`);
  const size = byteLength(dtype, shape);
  // Products beyond 2^53 are not exact, and one size of 0 would hide them.
  const bound = shape.reduce((product, dim) => product * Math.max(dim, 1), 1);
  if (!Number.isSafeInteger(bound)) throw new RangeError(`tensor '${name}' has impossible sizes [${shape}]`);
  if (end - begin !== size) {
    throw new RangeError(`tensor '${name}' [${shape}] takes ${size} bytes, found ${end - begin}`);
  }
  return { name, dtype, dims: shape, begin, end };
}

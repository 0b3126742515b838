import { crc32 } from 'node:zlib';

/** Text as latin-1, a number as one byte. */
export type Piece = string | number | Uint8Array;

export function bytes(...parts: Piece[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Buffer.of(part)
        : typeof part === 'string'
          ? Buffer.from(part, 'latin1')
          : part,
    ),
  );
}

/** An unsigned little-endian number of `size` bytes. */
export function little(value: number | bigint, size: number): Buffer {
  const result = Buffer.alloc(size);
  let rest = BigInt(value);
  for (let i = 0; i < size; i++, rest >>= 8n) result[i] = Number(rest & 0xffn);
  return result;
}

/** BINUNICODE. */
export const unicode = (text: string) => bytes('X', little(Buffer.byteLength(text), 4), Buffer.from(text));

/** LONG1 of eight bytes: any size a tensor may claim. */
export const long = (value: number | bigint) => bytes(0x8a, 8, little(value, 8));

/** A tuple of numbers. */
const tuple = (values: readonly (number | bigint)[]) => bytes('(', ...values.map(long), 't');

export interface PickledTensor {
  readonly key: string;
  readonly sizes: readonly (number | bigint)[];
  readonly strides: readonly (number | bigint)[];
  readonly offset?: number | bigint;
  readonly storage?: string;
  readonly elements?: number | bigint;
}

/** The opcodes that push one float32 tensor, as torch.save writes it. */
export function tensor({
  sizes,
  strides,
  offset = 0,
  storage = '0',
  elements = 4,
}: Omit<PickledTensor, 'key'>) {
  return bytes(
    'ctorch._utils\n_rebuild_tensor_v2\n',
    ...[
      '((',
      unicode('storage'),
      'ctorch\nFloatStorage\n',
      unicode(storage),
      unicode('cpu'),
      long(elements),
      'tQ',
    ],
    ...[long(offset), tuple(sizes), tuple(strides), 0x89, 'ccollections\nOrderedDict\n)R', 'tR'],
  );
}

/** A state dict of tensors, protocol 2. */
export function stateDict(tensors: readonly PickledTensor[]): Buffer {
  const items = tensors.flatMap((entry) => [unicode(entry.key), tensor(entry)]);
  return bytes(0x80, 2, '}(', ...items, 'u.');
}

export interface Entry {
  readonly data: Uint8Array;
  /** In place of the true values. */
  readonly crc?: number;
  readonly size?: number;
  readonly method?: number;
  /** What the entry's own header says in place of what the directory says. */
  readonly local?: {
    readonly name?: string;
    readonly crc?: number;
    readonly size?: number;
    readonly method?: number;
  };
  /** General purpose bits of both headers: 8 for a CRC and sizes behind the data, which the own header has as 0. */
  readonly flags?: number;
  /** An extra field of the own header. */
  readonly extra?: Uint8Array;
  /** Where the directory says that the entry begins. */
  readonly at?: number;
}

/** What both headers of an entry hold but for its name. */
function header(flags: number, method: number, crc: number, packed: number, size: number): Buffer {
  return bytes(
    ...[little(20, 2), little(flags, 2), little(method, 2), little(0, 4)],
    ...[little(crc, 4), little(packed, 4), little(size, 4)],
  );
}

/** A zip file of stored entries. */
export function zip(entries: Readonly<Record<string, Uint8Array | Entry>>): Buffer {
  const [locals, directory]: [Buffer[], Buffer[]] = [[], []];
  let end = 0;
  for (const [name, given] of Object.entries(entries)) {
    const entry: Entry = given instanceof Uint8Array ? { data: given } : given;
    const { data, crc = crc32(data), size = data.length, method = 0, local = {}, flags = 0 } = entry;
    const { extra = new Uint8Array(0), at = end } = entry;
    const isLate = (flags & 8) !== 0;
    const own = {
      ...{ name, method, crc: isLate ? 0 : crc, size: isLate ? 0 : size },
      ...local,
    };
    const packed = isLate ? 0 : (local.size ?? data.length);
    const written = bytes(
      ...['PK\x03\x04', header(flags, own.method, own.crc, packed, own.size)],
      ...[little(own.name.length, 2), little(extra.length, 2), own.name, extra, data],
    );
    locals.push(written);
    const central = header(flags, method, crc, data.length, size);
    directory.push(
      bytes('PK\x01\x02', little(20, 2), central, little(name.length, 2), little(0, 12), little(at, 4), name),
    );
    end += written.length;
  }
  const central = Buffer.concat(directory);
  const count = little(directory.length, 2);
  const tail = bytes('PK\x05\x06', little(0, 4), count, count, little(central.length, 4), little(end, 4));
  return Buffer.concat([...locals, central, tail, little(0, 2)]);
}

/** A torch.save zip around a pickle. */
export function torchZip(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array | Entry>> = {},
): Buffer {
  const data = Object.entries(storages).map(([key, storage]) => [`archive/data/${key}`, storage]);
  return zip({ 'archive/data.pkl': pickle, ...Object.fromEntries(data) });
}

/** A safetensors file with this header, as given. */
export function safetensors(header: unknown, data: Uint8Array): Buffer {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  return bytes(little(Buffer.byteLength(text), 8), Buffer.from(text), data);
}

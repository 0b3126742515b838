import { describe, expect, it } from '@jest/globals';
import { unpickle } from '../../../../exporters/checkpoints/pickle/pickle.js';
import {
  type Global,
  Inert,
  type PickleValue,
  Tuple,
} from '../../../../exporters/checkpoints/pickle/pickle-values.js';
import { Cursor, memorySource } from '../../../../exporters/checkpoints/source.js';
import { bytes, little, type Piece, unicode } from '../../../support/craft.js';

function load(...parts: Piece[]): PickleValue {
  const data = bytes(...parts);
  return unpickle(new Cursor(memorySource(data), 0, data.length), {
    call: ({ path }: Global) => new Inert(path),
    persistent: (id) => id,
  });
}

describe('constants', () => {
  const double = Buffer.alloc(8);
  double.writeDoubleBE(-2.5);
  it.each<[string, Piece[], PickleValue]>([
    ['None', ['N.'], null],
    ['booleans', [0x88, '.'], true],
    ['BININT1', ['K', 255, '.'], 255],
    ['BININT2', ['M', 0x34, 0x12, '.'], 0x1234],
    ['BININT is signed', ['J', little(2 ** 32 - 5, 4), '.'], -5],
    ['INT of protocol 0', ['I-12\n.'], -12],
    ['INT as a boolean of protocol 1', ['I01\n.'], true],
    ['LONG of protocol 0', ['L123456789012345678901L\n.'], 123456789012345678901n],
    ['LONG1 is signed', [0x8a, 1, 0xff, '.'], -1],
    ['LONG1 of no bytes is 0', [0x8a, 0, '.'], 0],
    ['LONG1 beyond 2^53', [0x8a, 9, little(1n << 64n, 9), '.'], 1n << 64n],
    ['BINFLOAT is big-endian', ['G', double, '.'], -2.5],
    ['FLOAT of protocol 0', ['F1e-5\n.'], 1e-5],
    ['BINUNICODE', [unicode('größe'), '.'], 'größe'],
    ["Python 2's str", ['U', 3, 'key', '.'], 'key'],
    ['STRING of protocol 0', ["S'key'\n."], 'key'],
  ])('%s', (_, parts, expected) => {
    expect(load(...parts)).toEqual(expected);
  });
});

it('memo keeps identity: a list recalled is the same list', () => {
  const outer = load(0x80, 2, ']q', 0, ']q', 1, 'ah', 1, 'a.');
  expect(Array.isArray(outer) && outer[0] === outer[1]).toBe(true);
});

it('a dict may have any keys, __proto__ among them, and stays a Map', () => {
  const dict = load('}(', unicode('__proto__'), 'K', 1, 'K', 2, unicode('two'), 'u.');
  expect(dict).toEqual(
    new Map<PickleValue, PickleValue>([
      ['__proto__', 1],
      [2, 'two'],
    ]),
  );
});

it('a marked tuple takes all since the mark, nested marks included', () => {
  expect(load('(K', 1, '(K', 2, 'tt.')).toEqual(new Tuple([1, new Tuple([2])]));
});

it('calls, new objects, states and items of unknown classes stay inert', () => {
  expect(load('cposix\nsystem\n(', unicode('ls'), 'tR.')).toEqual(new Inert('posix.system'));
  expect(load('cargparse\nNamespace\n)', 0x81, '}(', unicode('lr'), 'K', 1, 'ub.')).toEqual(
    new Inert('argparse.Namespace'),
  );
  expect(load('ccollections\ndefaultdict\n)RK', 1, 'K', 2, 's.')).toEqual(
    new Inert('collections.defaultdict'),
  );
  expect(load('(cos\nsystem\n', unicode('ls'), 'o.')).toEqual(new Inert('os.system'));
  expect(load('(', unicode('ls'), 'ios\nsystem\n.')).toEqual(new Inert('os.system'));
});

it('a stream that goes on beyond the limit is not called cut short', () => {
  const cursor = (size: number) => new Cursor(memorySource(new Uint8Array(size)), 0, 4);
  for (const read of [
    (from: Cursor) => from.take(5),
    (from: Cursor) => [1, 2, 3, 4, 5].map(() => from.byte()),
  ]) {
    expect(() => read(cursor(8))).toThrow('a pickle of more than 4 bytes, no more are read');
    expect(() => read(cursor(4))).toThrow('the data ends early: the file is truncated or damaged');
  }
});

describe('malformed streams are refused', () => {
  it.each<[string, Piece[], RegExp]>([
    ['an end too early', ['K'], /ends early/],
    ['a string longer than the stream', ['X', little(1000, 4), 'short'], /ends early/],
    ['a pop of nothing', ['a.'], /a value where there is none/],
    ['a mark that is missing', ['t.'], /misses a mark/],
    ['a value where a mark is', ['(a.'], /a value where there is none/],
    ['a value never stored', ['h', 7, '.'], /recalls value 7/],
    ['an unknown opcode', [0xff, '.'], /opcode 0xff/],
    ['a protocol of the future', [0x80, 9, 'N.'], /newer than 5/],
    ['items of a number', ['K', 1, 'K', 2, 'K', 3, 's.'], /not a dict/],
  ])('%s', (_, parts, says) => {
    expect(() => load(...parts)).toThrow(says);
  });
});

it('a log of a number of NumPy for each of a hundred classes and a thousand epochs is read', () => {
  // As Python writes them: what is called and its type are recalled, each result is remembered.
  const put = (index: number) => bytes('r', little(index, 4));
  const text = bytes(unicode('\x85\xebQ\xb8\x1e\x85\xd3?'), put(4));
  const number = bytes(
    ...['h', 0, 'h', 1, 'h', 2, text, 'h', 3, 0x86, put(5), 'R', put(6)],
    ...[0x86, put(7), 'R', put(8)],
  );
  const head = bytes('cnumpy\nscalar\nq\0', '0cnumpy\ndtype\nq\x01', '0c_codecs\nencode\nq\x02', '0');
  const epoch = bytes('](', ...Array<Buffer>(100).fill(number), 'e');
  const log = load(
    0x80,
    2,
    head,
    unicode('latin1'),
    'q',
    3,
    '0',
    '](',
    ...Array<Buffer>(1000).fill(epoch),
    'e.',
  );
  expect(log).toHaveLength(1000);
});

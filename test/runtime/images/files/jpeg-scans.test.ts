import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { checkScans } from '../../../../runtime/images/files/jpeg-scans.js';
import { segment } from '../../../support/image-files.js';

const START = Buffer.of(0xff, 0xd8);
const END = Buffer.of(0xff, 0xd9);

/** A Huffman table of codes of one length, which are not all ones (T.81, B.2.4.2). */
function table(id: number, length: number, symbols: readonly number[]): Buffer {
  const counts = Array.from({ length: 16 }, (_, i) => (i + 1 === length ? symbols.length : 0));
  return segment(0xc4, Buffer.of(id, ...counts, ...symbols));
}

const quantization = segment(0xdb, Buffer.concat([Buffer.of(0), Buffer.alloc(64, 1)]));

/** The header of a grey frame (T.81, B.2.2). @param kind 0 for a sequential one, 2 for a progressive one */
function frame(kind: 0 | 2, width: number, height: number): Buffer {
  const data = Buffer.of(8, 0, 0, 0, 0, 1, 1, 0x11, 0);
  data.writeUInt16BE(height, 1);
  data.writeUInt16BE(width, 3);
  return segment(0xc0 + kind, data);
}

/** Bits as bytes, the last filled with ones, and with zeros stuffed (T.81, F.1.2.3). */
function packed(bits: string): Buffer {
  const bytes = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2));
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [255, 0] : [byte])));
}

/** Blocks across and down, and MCUs between restart markers. */
const [SIDE, INTERVAL] = [7, 3];

/** A grey JPEG of flat blocks with restart markers: DC categories 0 to 6 have codes of three bits, the end of a block has `0`. */
function restarting(
  marker: (index: number) => Buffer = (index) => Buffer.of(0xff, 0xd0 + (index & 7)),
): Buffer {
  const parts: Buffer[] = [];
  for (let first = 0; first < SIDE ** 2; first += INTERVAL) {
    let bits = '';
    for (let block = first; block < Math.min(first + INTERVAL, SIDE ** 2); block++) {
      const category = 1 + (block % 6);
      bits += `${category.toString(2).padStart(3, '0') + (block % 2 ? '1' : '0').repeat(category)}0`;
    }
    if (first > 0) parts.push(marker(first / INTERVAL - 1));
    parts.push(packed(bits));
  }
  return Buffer.concat([
    START,
    quantization,
    frame(0, 8 * SIDE, 8 * SIDE),
    table(0x00, 3, [0, 1, 2, 3, 4, 5, 6]),
    table(0x10, 1, [0]),
    segment(0xdd, Buffer.of(0, INTERVAL)),
    segment(0xda, Buffer.of(1, 1, 0, 0, 63, 0)),
    ...parts,
    END,
  ]);
}

describe('restart markers', () => {
  it('are followed where they are the next, as libjpeg does', async () => {
    const { info } = await sharp(restarting(), { failOn: 'warning' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 8 * SIDE, height: 8 * SIDE });
    expect(() => checkScans(restarting())).not.toThrow();
  });

  it.each<[string, (index: number) => Buffer]>([
    ['lacking', (index) => (index === 4 ? Buffer.alloc(0) : Buffer.of(0xff, 0xd0 + (index & 7)))],
    ['not the next', (index) => Buffer.of(0xff, 0xd0 + ((index === 4 ? 7 : index) & 7))],
  ])('%s are refused, as by libjpeg', async (_, marker) => {
    const damaged = restarting(marker);
    await expect(sharp(damaged, { failOn: 'warning' }).raw().toBuffer()).rejects.toThrow();
    expect(() => checkScans(damaged)).toThrow('its image data are damaged');
  });
});

describe('a progressive image of 100 megapixels in 200 kB', () => {
  const [side, blocks] = [10_000, 1250 ** 2];
  const scan = (from: number, to: number, approximation: number, data: Buffer) =>
    Buffer.concat([segment(0xda, Buffer.of(1, 1, 0, from, to, approximation)), data]);
  /** Blocks without coefficients, 2 ** 14 at a time: a code of one bit and fourteen more. */
  const empty = Buffer.alloc(Math.ceil((15 * Math.ceil(blocks / 2 ** 14)) / 8));
  const file = (scans: readonly Buffer[]) =>
    Buffer.concat([
      START,
      quantization,
      frame(2, side, side),
      table(0x00, 1, [0]),
      table(0x10, 1, [0xe0]),
      scan(0, 0, 0, Buffer.alloc(Math.ceil(blocks / 8))),
      ...scans,
      END,
    ]);

  it('takes no longer for many scans that hold nothing', () => {
    const scans = Array.from({ length: 98 }, () => scan(1, 63, 0, empty));
    expect(() => checkScans(file(scans))).not.toThrow();
  });

  it('is refused for more scans than any program writes', () => {
    const scans = Array.from({ length: 100 }, () => scan(1, 63, 0, empty));
    expect(() => checkScans(file(scans))).toThrow(/^it has more than 100 scans$/);
  });

  it('is refused for more scans that refine others, before they are followed', () => {
    const told = Array.from({ length: 4 }, (_, i) => scan(1 + i, 1 + i, 13, empty));
    const refining = Array.from({ length: 13 }, (_, i) =>
      Array.from({ length: 4 }, (__, k) => scan(1 + k, 1 + k, ((13 - i) << 4) | (12 - i), empty)),
    );
    expect(() => checkScans(file([...told, ...refining.flat()]))).toThrow(
      /^it has more than 32 scans that refine others$/,
    );
  });
});

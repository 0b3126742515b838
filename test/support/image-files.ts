/** Small images with the faults that files have, made of whole ones. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { crc32 } from '../../runtime/images/files/formats.js';

const [WIDTH, HEIGHT] = [50, 34];

/** Colours that no two pixels nearby share. */
export function picture(channels: 3 | 4 = 3) {
  const data = Uint8Array.from({ length: channels * WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % WIDTH, Math.floor(i / channels / WIDTH)];
    return i % channels === 3 ? 100 + x : (x * (2 + (i % channels)) + y * 3 + ((x * y * 7) % 17)) & 255;
  });
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

/** Where a segment of a JPEG file begins. */
function segmentOf(jpeg: Buffer, marker: number): number {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg.readUInt16BE(at) === 0xff00 + marker) return at;
  }
  throw new Error(`no segment ${marker}`);
}

/** A segment, whole. */
export function segment(marker: number, data: Uint8Array | string): Buffer {
  const body = Buffer.from(data as string, 'latin1');
  const head = Buffer.of(0xff, marker, 0, 0);
  head.writeUInt16BE(2 + body.length, 2);
  return Buffer.concat([head, body]);
}

/** A chunk, whole. */
export function chunk(type: string, data: Uint8Array | string, checksum = true): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from(data as string, 'latin1')]);
  const whole = Buffer.alloc(8 + body.length);
  whole.writeUInt32BE(body.length - 4);
  body.copy(whole, 4);
  whole.writeUInt32BE(checksum ? crc32(body) : 7, 4 + body.length);
  return whole;
}

const insert = (file: Buffer, at: number, what: Uint8Array) =>
  Buffer.concat([file.subarray(0, at), what, file.subarray(at)]);

function change(file: Buffer, edit: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(file);
  edit(copy);
  return copy;
}

/** The end of the header of a JPEG's first scan: its last three bytes are the parameters. */
function scanHeaderEnd(jpeg: Buffer): number {
  const at = segmentOf(jpeg, 0xda);
  return at + 2 + jpeg.readUInt16BE(at + 2);
}

/** TIFF's form, which EXIF data have: one entry. */
export function exif(value: number, { little = true, type = 3, count = 1, tag = 0x0112 } = {}): Buffer {
  const data = Buffer.alloc(26);
  const [short, long] = little
    ? [data.writeUInt16LE.bind(data), data.writeUInt32LE.bind(data)]
    : [data.writeUInt16BE.bind(data), data.writeUInt32BE.bind(data)];
  data.write(little ? 'II' : 'MM', 'latin1');
  short(42, 2);
  long(8, 4);
  short(1, 8);
  short(tag, 10);
  short(type, 12);
  long(count, 14);
  if (type === 1) data[18] = value;
  else if (type === 4) long(value, 18);
  else short(value, 18);
  return data;
}

const jpeg = () => picture().jpeg({ quality: 95 }).toBuffer();
const progressive = () => picture().jpeg({ quality: 95, progressive: true }).toBuffer();
const png = () => picture().png().toBuffer();
const webp = () => picture().webp({ lossless: true }).toBuffer();

/** After its signature and first chunk. */
const PNG_BODY = 33;
const END = Buffer.of(0xff, 0xd9);
const app1 = (data: Uint8Array) => segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), data]));

type Make = () => Promise<Buffer>;

const ofJpeg = (edit: (file: Buffer) => Buffer) => async () => edit(await jpeg());
const ofProgressive = (edit: (file: Buffer) => Buffer) => async () => edit(await progressive());
const ofPng = (edit: (file: Buffer) => Buffer) => async () => edit(await png());

/** A file with EXIF data of an orientation. */
export const TURNED: Readonly<Record<string, (data: Uint8Array) => Promise<Buffer>>> = {
  JPEG: async (data) => insert(await jpeg(), 2, app1(data)),
  'progressive JPEG': async (data) => insert(await progressive(), 2, app1(data)),
  PNG: async (data) => insert(await png(), PNG_BODY, chunk('eXIf', data)),
  'PNG of 16 bits': async (data) =>
    insert(await picture().toColourspace('rgb16').png().toBuffer(), PNG_BODY, chunk('eXIf', data)),
  'lossy WebP': async (data) => extended(await picture().webp().toBuffer(), data),
  'lossless WebP': async (data) => extended(await webp(), data),
  'WebP with opacity': async (data) => extended(await picture(4).webp({ lossless: true }).toBuffer(), data),
};

/** A WebP file in the extended form, with EXIF data (WebP Container Specification). */
function extended(file: Buffer, data: Uint8Array): Buffer {
  const isExtended = file.toString('latin1', 12, 16) === 'VP8X';
  const header = Buffer.alloc(18);
  header.write('VP8X', 'latin1');
  header.writeUInt32LE(10, 4);
  header.writeUIntLE(WIDTH - 1, 12, 3);
  header.writeUIntLE(HEIGHT - 1, 15, 3);
  const body = isExtended ? file.subarray(12) : Buffer.concat([header, file.subarray(12)]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  const padding = Buffer.alloc(data.length % 2);
  const whole = Buffer.concat([file.subarray(0, 12), body, Buffer.from('EXIF'), size, data, padding]);
  whole.writeUInt32LE(whole.length - 8, 4);
  whole[20] = (whole[20] ?? 0) | 0x08;
  return whole;
}

/** Faults that change no pixel: the file without them, the file with them, and what is told. */
export const HARMLESS: readonly (readonly [
  name: string,
  whole: Make,
  make: Make,
  told: readonly RegExp[],
])[] = [
  ['nothing', jpeg, jpeg, []],
  ...[
    ['no last coefficient', 2, 0],
    ['a high bit', 1, 0x11],
  ].map(
    ([what, back, value]) =>
      [
        `a sequential scan of ${what}`,
        jpeg,
        ofJpeg((file) =>
          change(file, (copy) => copy.writeUInt8(Number(value), scanHeaderEnd(file) - Number(back))),
        ),
        [/scan parameters/],
      ] as const,
  ),
  [
    'padding before the scan',
    jpeg,
    ofJpeg((file) => insert(file, segmentOf(file, 0xda), Buffer.alloc(3))),
    [/stray bytes .*: 3$/],
  ],
  [
    'a segment that is longer than it says',
    jpeg,
    ofJpeg((file) => insert(file, 2, Buffer.concat([segment(0xe5, 'abc'), Buffer.from('defgh')]))),
    [/stray bytes .*: 5$/],
  ],
  ['fill bytes', jpeg, ofJpeg((file) => insert(file, segmentOf(file, 0xc0), Buffer.of(255, 255))), []],
  ['bytes after its end', jpeg, ofJpeg((file) => Buffer.concat([file, Buffer.from('MPF and more')])), []],
  ['a byte before its end', jpeg, ofJpeg((file) => insert(file, file.length - 2, Buffer.alloc(1))), []],
  [
    'an unknown JFIF revision',
    jpeg,
    ofJpeg((file) => insert(file, 2, segment(0xe0, 'JFIF\0\x03\x01\0\0\x01\0\x01\0\0'))),
    [/JFIF revision/],
  ],
  [
    'an unknown Adobe transform',
    jpeg,
    ofJpeg((file) => insert(file, 2, segment(0xee, 'Adobe\0\x64\0\0\0\0\x07'))),
    [/Adobe colour transform .* YCbCr/],
  ],
  [
    'EXIF data that are none',
    jpeg,
    ofJpeg((file) => insert(file, 2, app1(Buffer.alloc(40, 9)))),
    [/EXIF data are damaged/],
  ],
  [
    'EXIF data that break off',
    jpeg,
    ofJpeg((file) => insert(file, 2, app1(Buffer.from('II*\0\x08\0\0\0\x09\0', 'latin1')))),
    [/EXIF data are cut short/],
  ],
  [
    'EXIF orientation 0',
    jpeg,
    ofJpeg((file) => insert(file, 2, app1(exif(0)))),
    [/orientation is 0, expected 1 to 8/],
  ],
  [
    'a colour profile that is none',
    jpeg,
    ofJpeg((file) => insert(file, 2, segment(0xe2, `ICC_PROFILE\0\x01\x01${'x'.repeat(200)}`))),
    [/colour profile is damaged/],
  ],
  [
    'a part of a colour profile',
    jpeg,
    ofJpeg((file) => insert(file, 2, segment(0xe2, `ICC_PROFILE\0\x02\x05${'x'.repeat(200)}`))),
    [/colour profile is damaged/],
  ],
  [
    'a text with a wrong checksum',
    png,
    ofPng((file) => insert(file, PNG_BODY, chunk('tEXt', 'a\0b', false))),
    [/left out: tEXt$/],
  ],
  [
    'a colour profile with a wrong checksum',
    png,
    ofPng((file) => insert(file, PNG_BODY, chunk('iCCP', 'a\0\0b', false))),
    [/colour profile is damaged/],
  ],
  [
    'a compressed colour profile that is none',
    png,
    ofPng((file) =>
      insert(
        file,
        PNG_BODY,
        chunk('iCCP', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(999, 5))])),
      ),
    ),
    [/colour profile is damaged/],
  ],
  [
    'EXIF data of a PNG that are none',
    png,
    ofPng((file) => insert(file, PNG_BODY, chunk('eXIf', 'none'))),
    [/EXIF data are damaged/],
  ],
  ['an unknown chunk', png, ofPng((file) => insert(file, PNG_BODY, chunk('abCd', 'x'))), []],
  [
    'a gamma and primaries of its own',
    png,
    ofPng((file) =>
      insert(
        file,
        PNG_BODY,
        Buffer.concat([chunk('gAMA', Buffer.of(0, 1, 0x86, 0xa0)), chunk('cICP', Buffer.of(9, 16, 0, 1))]),
      ),
    ),
    [],
  ],
  ['bytes after the end of a PNG', png, ofPng((file) => Buffer.concat([file, Buffer.alloc(99, 9)])), []],
  [
    'EXIF data of a WebP that are none',
    webp,
    async () => TURNED['lossless WebP']?.(Buffer.from('none')) ?? webp(),
    [/EXIF data are damaged/],
  ],
];

/** Half way through the image data. */
const middle = (file: Buffer) => scanHeaderEnd(file) + ((file.length - scanHeaderEnd(file)) >> 1);
const cutAt = (file: Buffer, at: number) => file.subarray(0, at);

function idat(file: Buffer, edit: (data: Buffer) => Buffer, checksum = true): Buffer {
  const at = file.indexOf('IDAT') - 4;
  const length = file.readUInt32BE(at);
  const data = edit(Buffer.from(file.subarray(at + 8, at + 8 + length)));
  return Buffer.concat([
    file.subarray(0, at),
    chunk('IDAT', data, checksum),
    file.subarray(at + 12 + length),
  ]);
}

/** Faults with which pixels are lost. */
export const HARMFUL: readonly (readonly [name: string, make: Make])[] = [
  ['a JPEG that is cut short', ofJpeg((file) => cutAt(file, middle(file)))],
  ['a JPEG without its end', ofJpeg((file) => cutAt(file, file.length - 2))],
  ['a JPEG that is cut short and ended', ofJpeg((file) => Buffer.concat([cutAt(file, middle(file)), END]))],
  [
    'a JPEG whose last rows are cut off',
    ofJpeg((file) => Buffer.concat([cutAt(file, file.length - 14), END])),
  ],
  [
    'a JPEG with a hole',
    ofJpeg((file) => Buffer.concat([cutAt(file, middle(file)), file.subarray(middle(file) + 90)])),
  ],
  [
    'a JPEG with a hole and wrong scan parameters',
    ofJpeg((file) =>
      Buffer.concat([
        cutAt(
          change(file, (copy) => copy.writeUInt8(0, scanHeaderEnd(file) - 2)),
          middle(file),
        ),
        file.subarray(middle(file) + 90),
      ]),
    ),
  ],
  [
    'a JPEG with a byte too many in a table',
    ofJpeg((file) => insert(file, segmentOf(file, 0xdb) + 20, Buffer.of(3))),
  ],
  [
    'a JPEG with a marker amid its data',
    ofJpeg((file) => change(file, (copy) => copy.writeUInt16BE(0xffd3, middle(file)))),
  ],
  ['a progressive JPEG that is cut short', ofProgressive((file) => cutAt(file, file.length - 60))],
  [
    'a progressive JPEG that is cut short and ended',
    ofProgressive((file) => Buffer.concat([cutAt(file, file.length - 60), END])),
  ],
  ['a JPEG without image data', ofJpeg((file) => Buffer.concat([cutAt(file, segmentOf(file, 0xda)), END]))],
  [
    'a progressive JPEG that lacks a scan',
    ofProgressive((file) => {
      const first = scanHeaderEnd(file);
      const second = file.indexOf(Buffer.of(0xff, 0xc4), first);
      return Buffer.concat([cutAt(file, segmentOf(file, 0xda)), file.subarray(second)]);
    }),
  ],
  ['a PNG without its end', ofPng((file) => cutAt(file, file.length - 12))],
  ['a PNG that is cut short', ofPng((file) => cutAt(file, file.length >> 1))],
  ['a PNG with a wrong checksum', ofPng((file) => idat(file, (data) => data, false))],
  [
    'a PNG with a wrong byte',
    ofPng((file) =>
      idat(file, (data) => change(data, (copy) => copy.fill(0x55, data.length >> 1, (data.length >> 1) + 1))),
    ),
  ],
  [
    'a PNG with a wrong sum',
    ofPng((file) => idat(file, (data) => change(data, (copy) => copy.fill(1, data.length - 2)))),
  ],
  ['a PNG with too few rows', ofPng((file) => idat(file, () => deflateSync(Buffer.alloc(99))))],
  [
    'a WebP that is cut short',
    async () => {
      const file = await webp();
      return cutAt(file, file.length >> 1);
    },
  ],
];

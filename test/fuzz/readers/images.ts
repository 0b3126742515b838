import { crc32 } from 'node:zlib';
import { NmodeError, reason } from '../../../graph/common/errors.js';
import { pngChunks } from '../../../runtime/images/files/formats.js';
import { readImage } from '../../../runtime/node/images/files.js';
import { loadSharp } from '../../../runtime/node/images/sharp.js';
import { readHeader } from '../../../runtime/web/header.js';
import { decodeDeepPng, withoutGamma } from '../../../runtime/web/images/png.js';
import type { FuzzedReader } from '../fuzz.js';
import { mutateBytes, mutateList, withNumber } from '../mutators/bytes.js';
import type { Random } from '../random.js';

/** By format, a small image each way that it may be written. */
const seeds: Uint8Array[] = [];

async function prepare(): Promise<void> {
  if (seeds.length > 0) return;
  const sharp = await loadSharp();
  const data = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => (i * 37) & 255);
  const image = () => sharp(data, { raw: { width: 8, height: 6, channels: 3 } });
  const deep = () => image().toColourspace('rgb16');
  const made = [
    image().png(),
    image().png({ palette: true }),
    deep().png(),
    image().greyscale().toColourspace('grey16').png(),
    image().jpeg(),
    image().jpeg({ progressive: true }),
    image().withMetadata({ orientation: 6 }).jpeg(),
    image().webp(),
    image().webp({ lossless: true }),
    image().tiff({ compression: 'none' }),
    image().tiff({ compression: 'lzw' }),
    deep().tiff({ compression: 'deflate' }),
  ];
  for (const one of made) seeds.push(await one.toBuffer());
}

/** Behind the first bytes, by which a format is known. */
const MAGIC_BYTES = 12;

function mutateImage(random: Random): Uint8Array {
  const seed = random.pick(seeds);
  if (seed[0] === 0x89 && !random.once(4)) return mutatePng(seed, random);
  if (random.once(4))
    return withNumber(seed, MAGIC_BYTES + random.below(seed.length), random.pick([1, 2, 4]), random);
  return mutateBytes(seed, random, MAGIC_BYTES);
}

/** Changes the chunks of a PNG and puts their CRCs right. */
function mutatePng(file: Uint8Array, random: Random): Uint8Array {
  const chunks = Array.from(pngChunks(file), ({ type, data }) => ({ type, data }));
  const types = ['IHDR', 'IDAT', 'IEND', 'PLTE', 'acTL', 'gAMA', 'cHRM', 'iCCP', 'eXIf', 'tRNS'];
  const mutated = mutateList(chunks, random, ({ type, data }) => {
    if (random.once(5)) return [{ type: random.pick(types), data }];
    if (type === 'IHDR' && !random.once(4)) return [{ type, data: otherHeader(data, random) }];
    return [{ type, data: mutateBytes(data, random) }];
  });
  return Buffer.concat([file.subarray(0, 8), ...mutated.map(({ type, data }) => chunk(type, data))]);
}

/** Sides up to what a decoder refuses, depths and colour types that do not go together. */
function otherHeader(data: Uint8Array, random: Random): Uint8Array {
  const header = Buffer.from(data);
  const side = random.pick([0, 1, 5, 7, 255, 4096, 2 ** 16, 2 ** 31 - 1]);
  if (random.once(2)) header.writeUInt32BE(side, random.pick([0, 4]));
  else header[8 + random.below(5)] = random.pick([0, 1, 2, 3, 4, 6, 8, 16, 255]);
  return header;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const checked = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(checked));
  return Buffer.concat([length, checked, crc]);
}

const FORMAT = /expected (JPEG|PNG|WebP)|it is empty/;

const node: FuzzedReader = {
  name: 'images in Node',
  codes: ['BAD_IMAGE'],
  first: FORMAT,
  prepare,
  make: mutateImage,
  read: readImage,
};

/** What this package reads itself of an image before, or instead of, a browser. */
const web: FuzzedReader = {
  name: 'images in browsers',
  codes: ['BAD_IMAGE'],
  first: FORMAT,
  prepare,
  make: mutateImage,
  async read(input) {
    try {
      const header = readHeader(input);
      if (header.format !== 'PNG') return;
      withoutGamma(input);
      if (header.depth === 16 && header.width * header.height <= 1e8) await decodeDeepPng(input, header);
    } catch (error) {
      // As read-source.ts does, which needs a browser.
      throw new NmodeError('BAD_IMAGE', `the image: cannot be read as an image: ${reason(error)}`, {
        cause: error,
      });
    }
  },
};

export const IMAGES: readonly FuzzedReader[] = [node, web];

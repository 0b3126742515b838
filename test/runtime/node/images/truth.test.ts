import { describe, expect, it } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { readMask, readTruth } from '../../../../runtime/node/images/files.js';
import { fixture } from '../../../support/fixtures.js';
import { handmadePng, indexedPng } from '../../../support/png.js';

const [WIDTH, HEIGHT] = [96, 80];

/** Grey samples drawn pixel by pixel. */
function drawn(at: (x: number, y: number) => number, [width, height] = [WIDTH, HEIGHT] as const): Sharp {
  const data = Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));
  return sharp(data, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
}

const fromCentre = (x: number, y: number) => Math.hypot(x - 40, y - 37);
const disc = (inside = 255, outside = 0) => drawn((x, y) => (fromCentre(x, y) < 25 ? inside : outside));
const box = () => drawn((x, y) => (x >= 13 && x < 50 && y >= 11 && y < 40 ? 255 : 0));
/** An object of one value with a line or band around it, as data sets mark what is uncertain. */
const ringed = (inside: number, ring: number, wide: number) =>
  drawn((x, y) => (fromCentre(x, y) < 25 ? inside : fromCentre(x, y) < 25 + wide ? ring : 0));

/** Half of the pixels at both ends. */
const coverage = (at: number, from: number, to: number) =>
  at === from || at === to ? 0.5 : Number(at > from && at < to);

const png = (image: Sharp) => image.png().toBuffer();

/** A PNG of several channels. */
function interleaved(channels: 2 | 3 | 4, at: (x: number, y: number) => readonly number[]): Promise<Buffer> {
  const pixels = Array.from({ length: WIDTH * HEIGHT }, (_, i) => at(i % WIDTH, Math.floor(i / WIDTH)));
  const image = sharp(Uint8Array.from(pixels.flat()), { raw: { width: WIDTH, height: HEIGHT, channels } });
  return png(image.toColourspace(channels === 2 ? 'b-w' : 'srgb'));
}

const inDisc = (x: number, y: number) => fromCentre(x, y) < 25;

/** What is at least half as light as white, by sharp alone. */
async function halfLight(bytes: Uint8Array): Promise<Uint8Array> {
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Uint8Array.from({ length: info.width * info.height }, (_, i) =>
    (data[info.channels * i] ?? 0) >= 128 ? 255 : 0,
  );
}

async function refusal(bytes: Uint8Array): Promise<string> {
  return readMask(bytes).then(
    () => 'it is read',
    (error: Error) => error.message,
  );
}

describe('a mask of black and white is read, however it was saved', () => {
  const shapes = { disc, box, 'thin lines': () => drawn((x, y) => ((x + y) % 19 < 2 ? 255 : 0)) };
  const kinds: Record<string, (image: Sharp) => Promise<Buffer>> = {
    'PNG of RGB': (image) => png(image.toColourspace('srgb')),
    'PNG with opaque alpha': (image) => png(image.ensureAlpha()),
    'PNG of 16 bits': (image) => png(image.toColourspace('grey16')),
    'PNG with a palette': (image) => image.png({ palette: true }).toBuffer(),
    'interlaced PNG': (image) => image.png({ progressive: true }).toBuffer(),
    'PNG turned by EXIF': (image) => png(image.withMetadata({ orientation: 6 })),
    'JPEG turned by EXIF': (image) => image.withMetadata({ orientation: 5 }).jpeg().toBuffer(),
    TIFF: (image) => image.tiff({ compression: 'lzw' }).toBuffer(),
    'TIFF of 1 bit': (image) => image.tiff({ bitdepth: 1 }).toBuffer(),
    'WebP without loss': (image) => image.webp({ lossless: true }).toBuffer(),
    'WebP with loss': (image) => image.webp({ quality: 80 }).toBuffer(),
    'resized, antialiased': async (image) => png(sharp(await png(image)).resize(130, 101, { fit: 'fill' })),
    'enlarged eight times': async (image) =>
      png(sharp(await png(image)).resize(8 * WIDTH, 8 * HEIGHT, { kernel: 'linear' })),
    'enlarged six times by a kernel that overshoots': async (image) =>
      png(sharp(await png(image)).resize(6 * WIDTH, 6 * HEIGHT, { kernel: 'lanczos3' })),
    'a JPEG of what was resized': async (image) =>
      sharp(await png(image))
        .resize(130, 101, { fit: 'fill' })
        .jpeg()
        .toBuffer(),
  };
  for (const quality of [50, 60, 70, 75, 85, 95, 100]) {
    for (const chromaSubsampling of ['4:4:4', '4:2:0']) {
      kinds[`JPEG of quality ${quality}, ${chromaSubsampling}`] = (image) =>
        image.toColourspace('srgb').jpeg({ quality, chromaSubsampling }).toBuffer();
    }
    if (quality < 100) {
      kinds[`PNG of a JPEG of quality ${quality}`] = async (image) =>
        png(sharp(await image.jpeg({ quality }).toBuffer()));
    }
  }

  it.each(Object.entries(kinds))('%s', async (_, save) => {
    for (const shape of Object.values(shapes)) {
      const bytes = await save(shape());
      expect(Buffer.compare((await readMask(bytes)).data, await halfLight(bytes))).toBe(0);
    }
  });

  it('thin lines that are grey on both sides of the line, as compressed', async () => {
    // Two pixels of 127 each, with black on both sides; white where two cross.
    const lines = () =>
      drawn((x, y) =>
        Math.min(255, 127 * (Number(x % 19 < 2) + Number(y % 17 < 2)) + 255 * Number(inDisc(x, y))),
      );
    for (const save of [(image: Sharp) => image.jpeg({ quality: 75 }), (image: Sharp) => image.webp()]) {
      const bytes = await save(lines()).toBuffer();
      expect(Buffer.compare((await readMask(bytes)).data, await halfLight(bytes))).toBe(0);
    }
  });

  it('a box that covers half of the pixels at its sides', async () => {
    const half = await png(sharp(await png(box())).resize(WIDTH / 2, HEIGHT / 2, { kernel: 'linear' }));
    const covered = drawn((x, y) => 255 * coverage(x, 13, 50) * coverage(y, 11, 41));
    for (const bytes of [half, await png(covered)]) {
      expect(Buffer.compare((await readMask(bytes)).data, await halfLight(bytes))).toBe(0);
    }
  });

  it('all black, all white, of every depth and quality, and 1 bit', async () => {
    for (const value of [0, 255]) {
      const plain = () => drawn(() => value);
      const files = [png(plain()), png(plain().toColourspace('grey16')), plain().webp().toBuffer()];
      // Quality 70 rounds black to 1.
      for (const quality of [50, 70, 80, 95]) files.push(plain().jpeg({ quality }).toBuffer());
      for (const bytes of await Promise.all(files)) {
        expect((await readMask(bytes)).data.every((found) => found === value)).toBe(true);
      }
    }
    const bit = handmadePng({
      width: 4,
      height: 1,
      depth: 1,
      colourType: 0,
      rows: [Uint8Array.of(0b01100000)],
    });
    expect([...(await readMask(bit)).data]).toEqual([0, 255, 255, 0]);
  });
});

describe('what is no mask of black and white is refused with what it holds', () => {
  const soft = (width: number) => drawn((x, y) => 255 / (1 + Math.exp((fromCentre(x, y) - 25) / width)));
  const mixed = (x: number, y: number) => (inDisc(x, y) ? [0, 255, 0] : [0, 0, 0]);
  /** A third label between black and white, too thin to lie off the edges of both. */
  const bands: Record<string, [() => Promise<Buffer>, RegExp]> = {};
  for (const [wide, grey] of [
    [2, 128],
    [3, 64],
    [4, 200],
    [8, 100],
  ] as const) {
    const saved = {
      'JPEG of quality 60': (image: Sharp) => image.jpeg({ quality: 60 }),
      'JPEG of quality 95': (image: Sharp) => image.jpeg({ quality: 95 }),
      WebP: (image: Sharp) => image.webp({ quality: 80 }),
    };
    for (const [kind, save] of Object.entries(saved)) {
      bands[`a band of ${grey}, ${wide} pixels wide, as ${kind}`] = [
        () => save(ringed(255, grey, wide)).toBuffer(),
        /values from .*save the mask as PNG/,
      ];
    }
  }
  const cases: Record<string, [() => Promise<Buffer>, RegExp]> = {
    'labels 0 and 1': [
      () => png(disc(1)),
      /: it holds the values 0 and 1, expected a mask of 0 and 255 \(8 bits\): `truthLabel: N` says/,
    ],
    'labels 0 and 5': [() => png(disc(5)), /the values 0 and 5,/],
    'labels 0 and 100': [() => png(disc(100)), /the values 0 and 100,/],
    'labels 0 and 128': [() => png(disc(128)), /the values 0 and 128,/],
    'labels 0 and 254': [() => png(disc(254)), /the values 0 and 254,/],
    'labels 1 and 255': [() => png(disc(255, 1)), /the values 1 and 255,/],
    'one label': [() => png(drawn(() => 7)), /the value 7 alone,/],
    'label 1 in a band of 255': [() => png(ringed(1, 255, 4)), /the values 0, 1 and 255,.*`ignoreLabel: N`/],
    'a band of 128 around 255': [() => png(ringed(255, 128, 4)), /the values 0, 128 and 255,/],
    'a line of 128 around 255': [() => png(ringed(255, 128, 1)), /the values 0, 128 and 255,/],
    'a band of 128 as JPEG': [
      () => ringed(255, 128, 30).jpeg().toBuffer(),
      /values from .*save the mask as PNG/,
    ],
    'labels 0 and 100 as JPEG': [() => disc(100).jpeg().toBuffer(), /values from .*save the mask as PNG/],
    'labels 0 and 5 as JPEG': [() => disc(5).jpeg().toBuffer(), /save the mask as PNG/],
    'labels 0 and 1 as JPEG': [() => disc(1).jpeg({ quality: 95 }).toBuffer(), /save the mask as PNG/],
    ...bands,
    'a dozen labels': [
      () => png(drawn((x, y) => Math.floor(x / 24) + 4 * Math.floor(y / 24))),
      /16 values from 0 to 15,/,
    ],
    'labels of 8 bits in 16': [
      () =>
        png(
          sharp(
            Uint16Array.from({ length: 64 }, (_, i) => 255 * (i % 2)),
            { raw: { width: 8, height: 8, channels: 1 } },
          ).toColourspace('grey16'),
        ),
      /the values 0 and 255, expected a mask of 0 and 65535 \(16 bits\)/,
    ],
    'soft probabilities': [
      () => png(soft(8)),
      /values from \d+ to \d+, expected a mask of 0 and 255 \(8 bits\): cut it to two values or, of labels, `truthLabel: N` says/,
    ],
    'less soft probabilities': [
      () => png(soft(4)),
      /values from \d+ to \d+, expected a mask of 0 and 255 \(8 bits\): cut it to two values or, of labels, `truthLabel: N` says/,
    ],
    noise: [
      () => png(drawn((x, y) => (x * 7919 + y * 104729 + x * y * 31) % 256)),
      /256 values from 0 to 255,/,
    ],
    'a ramp': [() => png(drawn((x) => (255 * x) / WIDTH)), /values from 0 to/],
    'a photograph': [
      () => sharp(fixture('images', 'ISIC_0000082.jpg')).toBuffer(),
      /it holds the colours .* and more, expected a mask of black and white/,
    ],
    'a grey photograph': [
      () => png(sharp(fixture('images', 'ISIC_0000082.jpg')).greyscale()),
      /values from \d+ to \d+,/,
    ],
    green: [
      () => interleaved(3, mixed),
      /the colours 0,0,0 and 0,255,0, expected a mask of black and white: `truthColour: \[R, G, B\]` says/,
    ],
    'a palette': [
      async () => indexedPng(4, [0, 1, 2, 0], [0, 0, 0, 128, 0, 0, 0, 128, 0]),
      /the colours 0,0,0, 0,128,0 and 128,0,0, the palette indices 0, 1 and 2,.*`truthColour: \[R, G, B\]` or `truthLabel: N`/,
    ],
    'a mask in the alpha of black': [
      () => interleaved(4, (x, y) => [0, 0, 0, inDisc(x, y) ? 255 : 0]),
      /its alpha is 0\.\.255, expected an opaque mask: .*0,0,0: `truthColour/,
    ],
    'a mask in the alpha of white': [
      () => interleaved(4, (x, y) => [255, 255, 255, inDisc(x, y) ? 255 : 0]),
      /its alpha is 0\.\.255,/,
    ],
    'grey that is half transparent': [
      () => interleaved(2, (x, y) => [inDisc(x, y) ? 255 : 0, 128]),
      /its alpha is 128,/,
    ],
    'a transparent black': [
      async () =>
        handmadePng({
          width: 2,
          height: 1,
          depth: 8,
          colourType: 0,
          rows: [Uint8Array.of(0, 255)],
          transparency: [0, 0],
        }),
      /its alpha is 0\.\.255,/,
    ],
    'a transparent palette entry': [
      async () => indexedPng(2, [0, 1], [0, 0, 0, 255, 255, 255], [0]),
      /its alpha is 0\.\.255,/,
    ],
    'CMYK, whose black is no grey': [
      () => disc().toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer(),
      /the colours .* expected a mask of black and white/,
    ],
    'several pages': [
      async () =>
        sharp([await png(disc()), await png(box())], { join: { animated: true } })
          .tiff()
          .toBuffer(),
      /it holds 2 images, expected one/,
    ],
  };

  it.each(Object.entries(cases))('%s', async (_, [make, says]) => {
    const message = await refusal(await make());
    expect(message).toMatch(says);
    expect(message).toMatch(/^the image: [^\n]*$/);
  });
});

describe('labels and colours are read as they are stored', () => {
  const VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0];
  const shares = async (bytes: Uint8Array, reading: Parameters<typeof readTruth>[1]) => [
    ...(await readTruth(bytes, reading)).shares,
  ];

  it('by grey value, of 2, 8 and 16 bits, and of equal RGB', async () => {
    const two = handmadePng({
      width: 4,
      height: 1,
      depth: 2,
      colourType: 0,
      rows: [Uint8Array.of(0b00011011)],
    });
    expect(await shares(two, { truthLabel: 2 })).toEqual([0, 0, 1, 0]);
    const deep = sharp(Uint16Array.of(0, 300, 65535, 300), { raw: { width: 4, height: 1, channels: 1 } });
    expect(await shares(await png(deep.toColourspace('grey16')), { truthLabel: 300 })).toEqual([0, 1, 0, 1]);
    const rgb = handmadePng({
      width: 2,
      height: 1,
      depth: 8,
      colourType: 2,
      rows: [Uint8Array.of(3, 3, 3, 4, 4, 4)],
    });
    expect(await shares(rgb, { truthLabel: 4 })).toEqual([0, 1]);
    const tiff = await sharp(Uint8Array.of(0, 1, 2, 255), { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace('b-w')
      .tiff({ compression: 'lzw' })
      .toBuffer();
    expect(await shares(tiff, { truthLabel: 2 })).toEqual([0, 0, 1, 0]);
  });

  it('by the index of a palette, whatever its colour and its alpha', async () => {
    const bytes = indexedPng(4, [0, 1, 2, 1], VOC, [0, 255, 255]);
    expect(await shares(bytes, { truthLabel: 1 })).toEqual([0, 1, 0, 1]);
    expect(await shares(bytes, { truthColour: [0, 128, 0] })).toEqual([0, 0, 1, 0]);
  });

  it('a colour is one that is seen: transparent pixels have none', async () => {
    const rgba = (...pixels: number[][]) =>
      handmadePng({
        width: pixels.length,
        height: 1,
        depth: 8,
        colourType: 6,
        rows: [Uint8Array.from(pixels.flat())],
      });
    const bytes = rgba([0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 127], [9, 0, 0, 255]);
    expect(await shares(bytes, { truthColour: [0, 0, 0] })).toEqual([0, 1, 0, 0]);
    await expect(readTruth(bytes, { truthLabel: 0 })).rejects.toThrow(
      /its alpha is 0\.\.255, and labels are opaque/,
    );
  });

  it('16 bits a sample have the colours of 8', async () => {
    const rows = [Uint8Array.of(0, 0, 128, 128, 0, 0, 0, 0, 128, 129, 0, 0)];
    const bytes = handmadePng({ width: 2, height: 1, depth: 16, colourType: 2, rows });
    expect(await shares(bytes, { truthColour: [0, 128, 0] })).toEqual([1, 0]);
  });

  it('what is ignored does not count, and the rest is black and white or labels', async () => {
    const bytes = await png(ringed(255, 128, 4));
    const truth = await readTruth(bytes, { ignoreLabel: 128 });
    expect(truth.counted?.filter((counts) => counts === 0)).toHaveLength(
      [...(await sharp(bytes).toColourspace('b-w').raw().toBuffer())].filter((value) => value === 128).length,
    );
    expect(truth.search).toMatchObject({ ignored: true, found: ['0', '128', '255'] });
    await expect(readTruth(await png(ringed(1, 255, 4)), { ignoreLabel: 255 })).rejects.toThrow(
      /the values 0 and 1,/,
    );
    expect((await readTruth(bytes, { truthLabel: 3 })).search).toEqual({
      foreground: false,
      ignored: false,
      found: ['0', '128', '255'],
    });
  });

  it('neither can be read from what was compressed with loss, nor labels from colours', async () => {
    for (const bytes of [
      await disc().jpeg().toBuffer(),
      await disc().webp().toBuffer(),
      await disc().tiff({ compression: 'jpeg' }).toBuffer(),
    ]) {
      await expect(readTruth(bytes, { truthLabel: 255 })).rejects.toThrow(
        /compressed with loss.* keeps no exact labels: save the mask as PNG/,
      );
      await expect(readTruth(bytes, { truthColour: [0, 0, 0] })).rejects.toThrow(/no exact colours/);
    }
    const green = handmadePng({
      width: 2,
      height: 1,
      depth: 8,
      colourType: 2,
      rows: [Uint8Array.of(0, 0, 0, 0, 9, 0)],
    });
    await expect(readTruth(green, { truthLabel: 1 })).rejects.toThrow(
      /the colours 0,0,0 and 0,9,0, expected labels/,
    );
    expect(await shares(await disc().webp({ lossless: true }).toBuffer(), { truthLabel: 255 })).toContain(1);
  });
});

it('a colour profile changes nothing: samples of ground truth are no colours', async () => {
  const ramp = sharp(await png(drawn((x) => (x < 30 ? 0 : 255)))).resize(200, 100, { kernel: 'linear' });
  const profiled = await png(ramp.toColourspace('srgb').withIccProfile('p3'));
  const { data, info } = await sharp(profiled, { ignoreIcc: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { shares } = await readTruth(profiled);
  expect(Array.from(shares, (share) => Math.round(255 * share))).toEqual(
    Array.from(shares, (_, i) => data[info.channels * i]),
  );
  expect(shares.some((share) => share > 0 && share < 1)).toBe(true);
});

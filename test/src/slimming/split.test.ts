import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Sharp } from 'sharp';
import { badImage } from '../../../graph/common/errors.js';
import type { ImageRaster } from '../../../runtime/common/raster.js';
import { readImage } from '../../../runtime/node/images/files.js';
import { loadSharp } from '../../../runtime/node/images/sharp.js';
import { areNearDuplicates, glanceAt, likeness } from '../../../src/slimming/likeness.js';
import { type ImageSource, splitImages } from '../../../src/slimming/split.js';
import { fixture } from '../../support/fixtures.js';

/** The same scene as others keep it. */
const COPIES: Readonly<Record<string, (photo: Sharp) => Sharp>> = {
  smaller: (photo) => photo.resize(200, 150, { fit: 'fill' }).png(),
  tiny: (photo) => photo.resize(24, 24).png(),
  compressed: (photo) => photo.jpeg({ quality: 30 }),
  brighter: (photo) => photo.linear(1.05, 4).jpeg(),
  darker: (photo) => photo.linear(0.7, 0).png(),
  mirrored: (photo) => photo.flop().jpeg(),
  'upside down': (photo) => photo.flip().jpeg(),
  turned: (photo) => photo.rotate(90).jpeg(),
  transposed: (photo) => photo.rotate(90).flop().jpeg(),
  grey: (photo) => photo.greyscale().png(),
  '16 bits': (photo) => photo.toColourspace('rgb16').png(),
  'mirrored, smaller and brighter': (photo) => photo.flop().resize(300).linear(1.05, 2).jpeg({ quality: 50 }),
};

const photos = new Map<string, ImageRaster>();
const copies = new Map<string, ReadonlyMap<string, ImageRaster>>();

beforeAll(async () => {
  const sharp = await loadSharp();
  for (const file of readdirSync(fixture('images')).filter((name) => name.endsWith('.jpg'))) {
    const path = join(fixture('images'), file);
    photos.set(file, await readImage(path));
    const made = new Map<string, ImageRaster>();
    for (const [name, copy] of Object.entries(COPIES))
      made.set(name, await readImage(await copy(sharp(path)).toBuffer()));
    copies.set(file, made);
  }
});

const source = (name: string, image: ImageRaster): ImageSource => ({ name, read: async () => image });
const namesOf = (sources: readonly ImageSource[]) => sources.map(({ name }) => name);
const noise = (seed: number): ImageRaster => {
  const data = new Uint8Array(64 * 64);
  for (let i = 0, x = seed + 1; i < data.length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    data[i] = x >>> 24;
  }
  return { width: 64, height: 64, channels: 1, data };
};
const scenes = (count: number) =>
  Array.from({ length: count }, (_, index) => source(`${String(index).padStart(3, '0')}.png`, noise(index)));

describe('near-duplicates', () => {
  it.each(Object.keys(COPIES))('a photograph and the same %s', (name) => {
    for (const [file, photo] of photos) {
      const copy = copies.get(file)?.get(name);
      if (copy === undefined) throw new Error(name);
      const [a, b] = [glanceAt(photo), glanceAt(copy)];
      expect(likeness(a, b)).toBeGreaterThan(0.98);
      expect(areNearDuplicates(a, b)).toBe(true);
    }
  });

  it('are not different photographs of one kind', () => {
    const glances = [...photos.values()].map(glanceAt);
    const pairs = glances.flatMap((a, index) => glances.slice(index + 1).map((b) => areNearDuplicates(a, b)));
    expect(pairs).toHaveLength(15);
    expect(pairs).not.toContain(true);
  });

  it('are images that show nothing, whatever their colour', () => {
    const flat = (value: number, width: number) =>
      glanceAt({ width, height: 9, channels: 3, data: new Uint8Array(27 * width).fill(value) });
    expect(likeness(flat(0, 40), flat(200, 3))).toBe(1);
    expect(likeness(flat(0, 40), glanceAt(noise(0)))).toBe(0);
  });

  it('are images of two or four channels, too', () => {
    const stacked = ({ data, ...image }: ImageRaster, channels: number) => {
      const many = new Uint16Array(channels * data.length);
      many.forEach((_, i) => {
        many[i] = 257 * (data[Math.floor(i / channels)] ?? Number.NaN);
      });
      return glanceAt({ ...image, channels, data: many });
    };
    expect(likeness(stacked(noise(1), 2), stacked(noise(1), 4))).toBeCloseTo(1, 12);
  });
});

describe('parts', () => {
  const folder = () =>
    [...copies].flatMap(([file, made]) =>
      ['smaller', 'compressed', 'mirrored', 'turned'].map((name) => {
        const copy = made.get(name);
        if (copy === undefined) throw new Error(name);
        return source(`${name}/${file}`, copy);
      }),
    );

  it('hold each image once, and no two of them copies of one photograph', async () => {
    for (const seed of [0, 1, 2]) {
      const { train, heldOut, test, duplicates } = await splitImages(folder(), { seed });
      const parts = [train, heldOut, test].map(
        (part) => new Set(namesOf(part).map((name) => name.split('/')[1])),
      );
      expect(parts.map(({ size }) => size)).toEqual([4, 1, 1]);
      expect(new Set(parts.flatMap((part) => [...part])).size).toBe(6);
      expect(namesOf([...train, ...heldOut, ...test]).sort()).toEqual(namesOf(folder()).sort());
      expect(duplicates.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4]);
    }
  });

  it('depend on names, pixels and the seed alone', async () => {
    const first = await splitImages(scenes(40), { seed: 3 });
    const again = await splitImages(scenes(40).reverse(), { seed: 3 });
    expect(namesOf(again.heldOut)).toEqual(namesOf(first.heldOut));
    expect(namesOf(again.train)).toEqual(namesOf(first.train));
    const other = await splitImages(scenes(40), { seed: 4 });
    expect(namesOf(other.heldOut)).not.toEqual(namesOf(first.heldOut));
  });

  it('are in the bytewise order of names', async () => {
    // UTF-16 has them the other way round.
    const odd = [source('\u{1F600}.png', noise(98)), source('\uFFFD.png', noise(99))];
    const { train, heldOut, test } = await splitImages([...odd, ...scenes(20)]);
    for (const part of [train, heldOut, test]) {
      const bytes = namesOf(part).map((name) => Buffer.from(name));
      expect(bytes).toEqual([...bytes].sort(Buffer.compare));
    }
  });

  it('keep their images where others are added', async () => {
    const before = await splitImages(scenes(40));
    const after = await splitImages(scenes(44));
    const moved = namesOf(before.train).filter((name) => !namesOf(after.train).includes(name));
    expect(moved.length).toBeLessThanOrEqual(4);
  });

  it.each([
    [5, [3, 1, 1]],
    [6, [4, 1, 1]],
    [12, [8, 2, 2]],
    [32, [20, 6, 6]],
    [128, [89, 26, 13]],
  ])('of %i images', async (count, sizes) => {
    const { train, heldOut, test } = await splitImages(scenes(count));
    expect([train, heldOut, test].map(({ length }) => length)).toEqual(sizes);
  });

  it('are none of them empty where nearly all images are one film', async () => {
    const film = Array.from({ length: 40 }, (_, index) => source(`film/${index}.png`, noise(1000)));
    const { train, heldOut, test } = await splitImages([...scenes(4), ...film]);
    expect(train.length).toBeGreaterThanOrEqual(40);
    expect(heldOut.length).toBeGreaterThan(0);
    expect(test.length).toBeGreaterThan(0);
  });
});

describe('what cannot be split', () => {
  const broken = (name: string): ImageSource => ({
    name,
    read: () => Promise.reject(badImage(`${name}: cannot be read as an image`)),
  });

  it('one image that cannot be read is left out, and said', async () => {
    const { train, heldOut, test, failures } = await splitImages([...scenes(9), broken('bad.png')]);
    expect(train.length + heldOut.length + test.length).toBe(9);
    expect(failures.map(({ error }) => error.message)).toEqual(['bad.png: cannot be read as an image']);
  });

  it.each<[string, readonly ImageSource[], object, string]>([
    ['none', [], {}, '0 images: expected 5 that differ at least'],
    ['one', scenes(1), {}, 'one image: expected 5 that differ at least'],
    ['four', scenes(4), {}, '4 images: expected 5 that differ at least'],
    [
      'copies',
      [...scenes(4), source('copy.png', noise(0))],
      {},
      '5 images, of which 4 are no near-duplicates of each other: expected 5',
    ],
    [
      'one scene',
      Array.from({ length: 12 }, (_, index) => source(`${index}.png`, noise(0))),
      {},
      'all 12 images are near-duplicates of one another',
    ],
    ['broken files', [broken('a.png'), broken('b.png')], {}, 'a.png: cannot be read as an image'],
    [
      'a share of 0',
      scenes(5),
      { holdOut: 0 },
      '`holdOut: 0`: expected a share of the images between 0 and 1',
    ],
    ['no number', scenes(5), { holdOut: Number.NaN }, '`holdOut: NaN`: expected a share'],
    [
      'too large a share',
      scenes(10),
      { holdOut: 0.9 },
      '`holdOut: 0.9`: of 10 images, 2 of which are for testing, it leaves none to train on: expected 0.7 at most',
    ],
  ])('%s', async (_, sources, options, message) => {
    await expect(splitImages(sources, options)).rejects.toThrow(message);
  });

  it('ends where it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(splitImages(scenes(6), { signal })).rejects.toThrow('enough');
  });
});

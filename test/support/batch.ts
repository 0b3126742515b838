import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Names in an order that locales and UTF-16 would both change. */
export const NAMES = ['B', 'a', 'a b', 'é', 'ﬀ', '😀', '10', '9'];

/** Small grey images that differ, each darker to the right. */
export async function writeImages(folder: string, names: readonly string[], side = 32): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [index, name] of names.entries()) {
    const pixels = Uint8Array.from(
      { length: side * side },
      (_, place) => (255 * (place % side)) / side + index,
    );
    const png = await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
      .toColourspace('srgb')
      .png()
      .toBuffer();
    writeFileSync(join(folder, `${name}.png`), png);
  }
}

/** Every file of a folder, as it is. */
export const contentsOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  );

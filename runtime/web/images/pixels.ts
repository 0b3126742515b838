import type { RgbImage } from '../../common/raster.js';

/** Upright, in sRGB, and with the colour of transparent pixels as it was. */
export const BITMAP_OPTIONS = Object.freeze({
  imageOrientation: 'from-image',
  colorSpaceConversion: 'default',
  premultiplyAlpha: 'none',
} satisfies ImageBitmapOptions);

/** Pixels that are read at a time: phones limit a canvas to 16 million. */
const STRIP = 2 ** 22;

/** Texels along each side of what is read at a time: all graphics cards have as many. */
const TILE = 2048;

/**
 * The pixels of a bitmap; transparency is dropped. Opaque ones are read from a canvas. A canvas multiplies colour by
 * opacity and so loses it: where a pixel is not opaque, all are read from a texture. The bitmap is closed.
 * @throws Error where it is to be opaque and is not
 */
export async function pixelsOf(bitmap: ImageBitmap, { opaque = false } = {}): Promise<RgbImage> {
  try {
    return await readPixels(bitmap, opaque);
  } finally {
    bitmap.close();
  }
}

async function readPixels(bitmap: ImageBitmap, mustBeOpaque: boolean): Promise<RgbImage> {
  const { width, height } = bitmap;
  const data = new Uint8Array(3 * width * height);
  const rows = Math.max(1, Math.min(height, Math.floor(STRIP / width)));
  const context = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('this browser has no canvas to read it from');
  checkCanvas();
  let opaque = true;
  for (let y = 0; y < height && opaque; y += rows) {
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -y);
    const strip = context.getImageData(0, 0, width, Math.min(rows, height - y));
    opaque = dropAlpha(strip.data, data, 3 * y * width);
  }
  if (!opaque && mustBeOpaque) throw new Error('it is not opaque: save it as PNG, whose alpha is read');
  if (!opaque) await readTexture(bitmap, data);
  return { width, height, channels: 3, data };
}

/** Copies RGB out of RGBA; whether all was opaque. */
export function dropAlpha(rgba: ArrayLike<number>, into: Uint8Array, at = 0): boolean {
  let least = 255;
  for (let from = 0, to = at; from < rgba.length; from += 4, to += 3) {
    into[to] = rgba[from] as number;
    into[to + 1] = rgba[from + 1] as number;
    into[to + 2] = rgba[from + 2] as number;
    least = Math.min(least, rgba[from + 3] as number);
  }
  return least === 255;
}

/**
 * Some browsers change pixels that pages read a little, lest pages be told apart by them.
 * @throws Error where this one does
 */
function checkCanvas(): void {
  const side = 16;
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  const drawn = new ImageData(side, side);
  for (let i = 0; i < drawn.data.length; i++) drawn.data[i] = i % 4 === 3 ? 255 : (i * 37) & 255;
  context?.putImageData(drawn, 0, 0);
  const read = context?.getImageData(0, 0, side, side).data;
  if (!drawn.data.every((value, i) => value === read?.[i])) {
    throw new Error(
      'this browser alters the pixels that pages read, as a protection against fingerprinting: allow this page to read them',
    );
  }
}

async function readTexture(bitmap: ImageBitmap, into: Uint8Array): Promise<void> {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl');
  if (gl === null) throw new Error('it is not opaque, and this browser has no WebGL to read its colours');
  try {
    await readTiles(gl, bitmap, into);
  } finally {
    gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

async function readTiles(gl: WebGLRenderingContext, bitmap: ImageBitmap, into: Uint8Array): Promise<void> {
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  for (let y = 0; y < bitmap.height; y += TILE) {
    for (let x = 0; x < bitmap.width; x += TILE) {
      const [width, height] = [Math.min(TILE, bitmap.width - x), Math.min(TILE, bitmap.height - y)];
      const tile = await createImageBitmap(bitmap, x, y, width, height, { premultiplyAlpha: 'none' });
      const rgba = new Uint8Array(4 * width * height);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, tile);
      const texture = gl.getParameter(gl.TEXTURE_BINDING_2D);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
      tile.close();
      if (gl.getError() !== gl.NO_ERROR) throw new Error('the graphics card could not read it');
      for (let row = 0; row < height; row++) {
        const from = rgba.subarray(4 * row * width, 4 * (row + 1) * width);
        dropAlpha(from, into, 3 * ((y + row) * bitmap.width + x));
      }
    }
  }
}

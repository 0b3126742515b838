import type { RgbImage } from '../common/raster.js';
import type { Colour } from './class-colours.js';
import { drawable, GLYPH, isSet } from './dot-font.js';

/** What a colour stands for. */
export interface LegendEntry {
  readonly text: string;
  readonly colour: Colour;
}

/** Pixels of the image's width for each pixel of a dot, so that its text is as large on every screen that shows the whole. */
const WIDTH_PER_DOT = 320;
const MAX_DOT = 8;
/** In dots: around a line, between a colour and its text, between characters, between entries. */
const [MARGIN, GAP, SPACING, BETWEEN] = [2, 2, 1, 5];
const LINE = GLYPH.height + 2 * MARGIN;
const ADVANCE = GLYPH.width + SPACING;

const PAPER = 24;
const INK = 235;

interface Placed extends LegendEntry {
  readonly x: number;
  readonly line: number;
}

/**
 * An image of 8 bits with a legend below it, in as many lines as that takes; texts that are wider than the image are cut short.
 * It covers nothing of the image.
 */
export function withLegend(image: RgbImage, entries: readonly LegendEntry[]): RgbImage {
  if (entries.length === 0) return image;
  const { width } = image;
  const dot = Math.min(MAX_DOT, Math.max(1, Math.round(width / WIDTH_PER_DOT)));
  const placed = placeIn(Math.floor(width / dot), entries);
  const lines = Math.max(...placed.map(({ line }) => line)) + 1;
  const height = image.height + lines * LINE * dot;
  const data = new Uint8Array(3 * width * height).fill(PAPER);
  data.set(image.data);
  const fill = (x: number, y: number, colour: Colour) => {
    for (let row = y * dot; row < (y + 1) * dot; row++) {
      for (let column = x * dot; column < Math.min((x + 1) * dot, width); column++) {
        data.set(colour, 3 * ((image.height + row) * width + column));
      }
    }
  };
  for (const { x, line, text, colour } of placed) {
    const top = line * LINE + MARGIN;
    for (const [column, row] of dotsOf(GLYPH.height)) fill(x + column, top + row, colour);
    for (const [index, character] of [...text].entries()) {
      const left = x + GLYPH.height + GAP + index * ADVANCE;
      for (const [column, row] of dotsOf(GLYPH.width)) {
        if (isSet(character, column, row)) fill(left + column, top + row, [INK, INK, INK]);
      }
    }
  }
  return { width, height, channels: 3, data };
}

/** Columns and rows of a field as high as a character. */
function* dotsOf(columns: number): Generator<readonly [column: number, row: number]> {
  for (let row = 0; row < GLYPH.height; row++)
    for (let column = 0; column < columns; column++) yield [column, row];
}

/** Entries one after the other, in the next line where one has no room. @param width in dots */
function placeIn(width: number, entries: readonly LegendEntry[]): readonly Placed[] {
  let [x, line] = [MARGIN, 0];
  return entries.map(({ text, colour }) => {
    const before = GLYPH.height + GAP;
    const most = Math.max(0, Math.floor((width - 2 * MARGIN - before) / ADVANCE));
    const shown = drawable(text).slice(0, most);
    const taken = before + shown.length * ADVANCE;
    if (x > MARGIN && x + taken + MARGIN > width) [x, line] = [MARGIN, line + 1];
    const place = { text: shown, colour, x, line };
    x += taken + BETWEEN;
    return place;
  });
}

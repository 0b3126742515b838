/** What plots are drawn with: SVG, text and axes in the colour of the page, so that they are seen in light and dark. */
import { at } from '../../graph/common/at.js';
import { escaped } from './html.js';

export const WIDTH = 720;
/** Room for the names of rows or the numbers of an axis, and for the last number of the other. */
export const [NAMES, NUMBERS, RIGHT] = [220, 70, 30];
/** Room for a row, and for an axis below a plot. */
export const [ROW, AXIS] = [36, 52];

/** Tableau's, which stand out from each other on white and on black. */
const COLOURS = [
  '#4e79a7',
  '#f28e2b',
  '#59a14f',
  '#e15759',
  '#b07aa1',
  '#76b7b2',
  '#edc948',
  '#9c755f',
  '#ff9da7',
];
export const colourOf = (index: number) => at(COLOURS, index % COLOURS.length);

export interface Scale {
  (value: number): number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

export const fixed = (value: number) => value.toFixed(1);

/** From 0 on: steps of 1, 2 or 5 times a power of ten, some five of them. */
export function linear(most: number, from: number, to: number): Scale {
  return between(0, most > 0 ? most : 1, from, to);
}

/** The same from one value to another, larger one. */
export function between(low: number, high: number, from: number, to: number): Scale {
  const span = high - low;
  const magnitude = 10 ** Math.floor(Math.log10(span / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => span / size <= 6) ?? span;
  const place = (value: number) => from + ((value - low) / span) * (to - from);
  const first = Math.ceil(low / step - 1e-9);
  const ticks = Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return { at: place(value), text: step < 1e-3 ? value.toExponential(0) : String(+value.toPrecision(6)) };
  });
  return Object.assign(place, { ticks });
}

/** Powers of ten around the values; where one of them is 0, it stands before these. */
export function logarithmic(values: readonly number[], from: number, to: number): Scale {
  const exponents = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  if (exponents.length === 0) exponents.push(0);
  const hasZero = values.some((value) => !(value > 0));
  const low = Math.floor(Math.min(...exponents)) - (hasZero ? 1 : 0);
  const high = Math.max(Math.ceil(Math.max(...exponents)), low + 1);
  const place = (value: number) => {
    const exponent = value > 0 ? Math.min(Math.log10(value), high) : low;
    return from + ((exponent - low) / (high - low)) * (to - from);
  };
  const every = Math.ceil((high - low) / 6);
  const ticks = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => {
    const exponent = low + i * every;
    return { at: place(10 ** exponent), text: i === 0 && hasZero ? '0' : `1e${exponent}` };
  });
  return Object.assign(place, { ticks });
}

export function svg(height: number, label: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(label)}">\n${parts.join('\n')}\n</svg>`;
}

export function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" ${style}/>`;
}

const GRID = 'class="grid"';

export function horizontalAxis(
  { ticks }: Scale,
  left: number,
  top: number,
  bottom: number,
  name: string,
): readonly string[] {
  return [
    ...ticks.flatMap(({ at, text: number }) => [
      line(at, top, at, bottom, GRID),
      text(at, bottom + 16, number, 'middle'),
    ]),
    text((left + WIDTH - RIGHT) / 2, bottom + 36, name, 'middle'),
  ];
}

/** With its numbers at the left, and lines to the right. */
export function verticalAxis({ ticks }: Scale): readonly string[] {
  return ticks.flatMap(({ at, text: number }) => [
    line(NUMBERS, at, WIDTH - RIGHT, at, GRID),
    text(NUMBERS - 10, at + 4, number, 'end'),
  ]);
}

/** What each colour stands for. */
export function legendBelow(top: number, names: readonly string[]) {
  const [columns, height] = [3, 22];
  const parts = names.flatMap((name, index) => {
    const x = ((index % columns) * (WIDTH - RIGHT)) / columns;
    const y = top + Math.floor(index / columns) * height;
    return [
      `<rect x="${fixed(x)}" y="${y}" width="12" height="12" fill="${colourOf(index)}"/>`,
      text(x + 18, y + 11, name),
    ];
  });
  return { parts, bottom: top + Math.ceil(names.length / columns) * height };
}

/** Plots as SVG that stands in a page. */
import { at } from '../../graph/common/at.js';
import { escaped } from './html.js';
import {
  AXIS,
  between,
  colourOf,
  fixed,
  horizontalAxis,
  legendBelow,
  line,
  linear,
  logarithmic,
  NAMES,
  NUMBERS,
  RIGHT,
  ROW,
  svg,
  text,
  verticalAxis,
  WIDTH,
} from './svg.js';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** A name at the left of each row, as long as there is room. */
function rowNames(names: readonly string[]): readonly string[] {
  return names.map((name, row) => {
    const short = name.length > 30 ? `${name.slice(0, 14)}...${name.slice(-14)}` : name;
    return `<g><title>${escaped(name)}</title>${text(NAMES - 10, row * ROW + ROW / 2 + 4, short, 'end')}</g>`;
  });
}

export interface Distribution {
  readonly name: string;
  readonly values: readonly number[];
  /** Drawn longer. */
  readonly marks: readonly number[];
}

/** Every value as a stroke, a row for each distribution. */
export function distributionPlot(label: string, distributions: readonly Distribution[]): string {
  const most = Math.max(0, ...distributions.flatMap(({ values }) => values));
  const scale = linear(most, NAMES, WIDTH - RIGHT);
  const bottom = distributions.length * ROW;
  const strokes = distributions.flatMap(({ values, marks }, row) => {
    const middle = row * ROW + ROW / 2;
    const stroke = (value: number, reach: number, style: string) =>
      line(scale(value), middle - reach, scale(value), middle + reach, style);
    return [
      ...values.map((value) => stroke(value, 8, `stroke="${colourOf(row)}" stroke-opacity="0.4"`)),
      ...marks.map((value) => stroke(value, 14, `stroke="${colourOf(row)}" stroke-width="2.5"`)),
    ];
  });
  return svg(bottom + AXIS, label, [
    ...horizontalAxis(scale, NAMES, 0, bottom, label),
    ...rowNames(distributions.map(({ name }) => name)),
    ...strokes,
  ]);
}

export interface Stack {
  readonly name: string;
  /** By part. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Parts that have a colour of their own; the others are one. */
const MAX_PARTS = 8;
const OTHERS = 'others';

/** Those that are largest in any stack. */
function largestParts(stacks: readonly Stack[]): readonly string[] {
  const largestFirst = stacks.flatMap(({ parts }) => Object.entries(parts)).sort(([, a], [, b]) => b - a);
  return [...new Set(largestFirst.map(([part]) => part))].slice(0, MAX_PARTS);
}

/** A stack with the sum of the parts that are not shown in their place. */
function barOf({ parts }: Stack, shown: readonly string[]): Stack['parts'] {
  const entries = Object.entries(parts);
  const others = entries.filter(([part]) => !shown.includes(part)).map(([, value]) => value);
  return {
    ...Object.fromEntries(entries.filter(([part]) => shown.includes(part))),
    ...(others.length > 0 && { [OTHERS]: sum(others) }),
  };
}

/** A bar for each stack, of these parts in their order; what is not one of them is drawn as one. */
export function stackPlot(label: string, stacks: readonly Stack[], shown = largestParts(stacks)): string {
  const bars = stacks.map((stack) => barOf(stack, shown));
  const legend = [...shown, ...(bars.some((bar) => OTHERS in bar) ? [OTHERS] : [])];
  const most = Math.max(0, ...bars.map((bar) => sum(Object.values(bar))));
  const scale = linear(most, NAMES, WIDTH - RIGHT);
  const bottom = stacks.length * ROW;
  const boxes = bars.flatMap((bar, row) => {
    let from = 0;
    return legend.flatMap((part, index) => {
      const value = bar[part];
      if (!value) return [];
      const [x, width] = [scale(from), scale(value) - scale(0)];
      from += value;
      const size = `x="${fixed(x)}" y="${row * ROW + 6}" width="${fixed(width)}" height="${ROW - 12}"`;
      const title = `<title>${escaped(part)}: ${value.toFixed(2)}</title>`;
      return [`<rect ${size} fill="${colourOf(index)}">${title}</rect>`];
    });
  });
  const names = legendBelow(bottom + AXIS, legend);
  return svg(names.bottom, label, [
    ...horizontalAxis(scale, NAMES, 0, bottom, label),
    ...rowNames(stacks.map(({ name }) => name)),
    ...boxes,
    ...names.parts,
  ]);
}

export interface Point {
  readonly name: string;
  /** Written beside the point, once for all that have it; default its name. */
  readonly label?: string;
  /** What its colour stands for; default itself. */
  readonly series?: string;
  readonly x: number;
  readonly y: number;
}

/** About the room of a letter and of a line. */
const [LETTER, LINE] = [7, 13];

/** Labels beside their places, towards the middle, as long as none is written over another. */
function labelsAt(places: readonly { readonly label: string; readonly x: number; readonly y: number }[]) {
  const written: { label: string; left: number; right: number; y: number }[] = [];
  return places.flatMap(({ label, x, y }) => {
    const isRight = x > (NUMBERS + WIDTH) / 2;
    const [start, length] = [x + (isRight ? -9 : 9), label.length * LETTER];
    const [left, right] = isRight ? [start - length, start] : [start, start + length];
    const isInTheWay = (other: (typeof written)[number]) =>
      other.label === label || (other.left < right && left < other.right && Math.abs(other.y - y) < LINE);
    if (written.some(isInTheWay)) return [];
    written.push({ label, left, right, y });
    return [text(start, y - 7, label, isRight ? 'end' : 'start')];
  });
}

/** Points by two figures; the vertical one in powers of ten, as differences are. */
export function scatterPlot(horizontal: string, vertical: string, points: readonly Point[]): string {
  const [top, bottom] = [30, 260];
  const x = linear(1.05 * Math.max(0, ...points.map((point) => point.x)), NUMBERS, WIDTH - RIGHT);
  const values = points.map((point) => point.y);
  const y = logarithmic(values, bottom, top);
  const series = [...new Set(points.flatMap((point) => point.series ?? []))];
  const names = legendBelow(bottom + AXIS, series);
  const places = points.map(({ name, label = name, ...point }, index) => {
    const colour = colourOf(point.series === undefined ? index : series.indexOf(point.series));
    return { name, label, colour, x: x(point.x), y: y(point.y) };
  });
  return svg(names.bottom, `${vertical} by ${horizontal}`, [
    text(0, 14, vertical),
    ...horizontalAxis(x, NUMBERS, top, bottom, horizontal),
    ...verticalAxis(y),
    ...places.map(({ name, colour, x, y }) => {
      const title = `<title>${escaped(name)}</title>`;
      return `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="5" fill="${colour}">${title}</circle>`;
    }),
    ...labelsAt(places),
    ...names.parts,
  ]);
}

/** A value after so many steps. */
export type Sample = readonly [step: number, value: number];

export interface Curve {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Drawn faintly, behind the others. */
  readonly isFaint?: boolean;
}

export interface StepMark {
  readonly step: number;
  readonly text: string;
}

/** More points than can be told apart only make a page large. */
const MAX_POINTS = 1000;

/** Curves over the steps of a training; samples that are no finite numbers are left out. */
export function curvePlot(label: string, curves: readonly Curve[], marks: readonly StepMark[] = []): string {
  const [top, bottom] = [44, 260];
  const drawn = curves.map((curve) => ({ ...curve, samples: thinned(curve.samples.filter(isKnown)) }));
  const [steps, values] = [0, 1].map((axis) =>
    drawn.flatMap(({ samples }) => samples.map((sample) => at(sample, axis))),
  ) as [number[], number[]];
  if (values.length === 0) return '';
  const x = between(0, Math.max(1, ...steps), NUMBERS, WIDTH - RIGHT);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) / 20 || Math.abs(high) / 20 || 1;
  const y = between(low - margin, high + margin, bottom, top);
  const named = drawn.map(({ name }) => name);
  const names = legendBelow(bottom + AXIS, named);
  const lines = drawn.map(({ samples, isFaint = false }, index) => {
    const points = samples.map(([step, value]) => `${fixed(x(step))},${fixed(y(value))}`).join(' ');
    const style = isFaint ? 'stroke-opacity="0.35"' : 'stroke-width="2"';
    const polyline = `<polyline points="${points}" fill="none" stroke="${colourOf(index)}" ${style}/>`;
    return { isFaint, polyline };
  });
  return svg(names.bottom, `${label} by step`, [
    text(0, 14, label),
    ...horizontalAxis(x, NUMBERS, top, bottom, 'step'),
    ...verticalAxis(y),
    ...lines.filter(({ isFaint }) => isFaint).map(({ polyline }) => polyline),
    ...lines.filter(({ isFaint }) => !isFaint).map(({ polyline }) => polyline),
    ...marks.flatMap(({ step, text: what }, index) => {
      const place = x(step);
      const isRight = place > (NUMBERS + WIDTH) / 2;
      return [
        line(place, top, place, bottom, 'stroke="currentColor" stroke-dasharray="4 3"'),
        `<g><title>${escaped(`${what}: step ${step}`)}</title>${text(place, top - 18 + 13 * (index % 2), what, isRight ? 'end' : 'start')}</g>`,
      ];
    }),
    ...names.parts,
  ]);
}

const isKnown = (sample: Sample) => sample.every(Number.isFinite);

function thinned(samples: readonly Sample[]): readonly Sample[] {
  const every = Math.ceil(samples.length / MAX_POINTS);
  return samples.filter((_, index) => index % every === 0 || index === samples.length - 1);
}

/** Means of each sample and those before it, by weights that fall exponentially. @param steps after which they are 1 / e */
export function smoothed(samples: readonly Sample[], steps: number): readonly Sample[] {
  const keep = Math.exp(-1 / steps);
  let [sum, weight] = [0, 0];
  return samples.map(([step, value]) => {
    [sum, weight] = [keep * sum + value, keep * weight + 1];
    return [step, sum / weight];
  });
}

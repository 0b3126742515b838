/** Plots of values over steps, as SVG that stands in a page. */
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
  NUMBERS,
  RIGHT,
  svg,
  text,
  verticalAxis,
  WIDTH,
} from './svg.js';

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

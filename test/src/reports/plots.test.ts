import { describe, expect, it } from '@jest/globals';
import { curvePlot, type Sample, smoothed } from '../../../src/reports/plots.js';

const samples = (count: number, value: (step: number) => number) =>
  Array.from({ length: count }, (_, index): Sample => [index + 1, value(index + 1)]);

/** The points of each curve. */
const pointsOf = (svg: string) =>
  [...svg.matchAll(/points="([^"]*)"/g)].map(([, points = '']) =>
    points.split(' ').map((point) => point.split(',').map(Number)),
  );

describe('a plot of curves', () => {
  it('goes from left to right, and up where values rise', () => {
    const [curve = []] = pointsOf(
      curvePlot('loss', [{ name: 'a', samples: samples(50, (step) => step / 50) }]),
    );
    expect(curve).toHaveLength(50);
    for (const [index, [x = 0, y = 0]] of curve.entries()) {
      const [x0 = 0, y0 = 300] = curve[index - 1] ?? [];
      expect(x).toBeGreaterThan(x0);
      expect(y).toBeLessThan(y0);
    }
  });

  it('keeps the last of more points than can be seen', () => {
    const [curve = []] = pointsOf(curvePlot('loss', [{ name: 'a', samples: samples(12345, () => 1) }]));
    expect(curve.length).toBeLessThanOrEqual(1001);
    expect(curve.at(-1)?.[0]).toBeCloseTo(690, -1);
  });

  it('leaves out what is not a number, and is nothing without any', () => {
    const broken = samples(5, (step) => (step === 3 ? Number.NaN : step));
    expect(pointsOf(curvePlot('loss', [{ name: 'a', samples: broken }]))[0]).toHaveLength(4);
    expect(curvePlot('loss', [{ name: 'a', samples: samples(3, () => Number.NaN) }])).toBe('');
    expect(curvePlot('loss', [])).toBe('');
  });

  it.each([[0], [1], [-3e-9], [1e30]])('of the one value %d has no number that is none', (value) => {
    const svg = curvePlot('loss', [{ name: 'a', samples: [[1, value]] }], [{ step: 1, text: 'here' }]);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(svg).toContain('>here</text>');
  });

  it('has names as text', () => {
    expect(curvePlot('<b>', [{ name: '<i>', samples: [[1, 1]] }], [{ step: 1, text: '<u>' }])).not.toMatch(
      /<[biu]>/,
    );
  });
});

it('smoothed samples are means of those before', () => {
  expect(
    smoothed(
      samples(9, () => 2),
      3,
    ).every(([, value]) => Math.abs(value - 2) < 1e-12),
  ).toBe(true);
  const steps = smoothed(
    samples(200, (step) => (step <= 100 ? 0 : 1)),
    10,
  );
  expect(steps[110 - 1]?.[1]).toBeCloseTo(1 - Math.exp(-1), 2);
});

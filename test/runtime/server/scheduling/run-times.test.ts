/** Protects admission from refusing by runs that tell nothing of those that come. */
import { expect, it } from '@jest/globals';
import { RunTimes } from '../../../../runtime/server/scheduling/run-times.js';

it('knows nothing before anything has run', () => {
  const times = new RunTimes();
  expect([times.usual, times.of(100)]).toEqual([0, 0]);
});

it('a slow run among the latest moves nothing', () => {
  const times = new RunTimes();
  times.add(100, 20_000);
  times.add(100, 5);
  expect(times.usual).toBe(5);
  for (let i = 0; i < 20; i++) times.add(100, i % 3 === 0 ? 20_000 : 6);
  expect([times.usual, times.of(100)]).toEqual([6, 6]);
});

it('follows a machine that has become slower for good', () => {
  const times = new RunTimes();
  for (let i = 0; i < 15; i++) times.add(100, 5);
  for (let i = 0; i < 8; i++) times.add(100, 50);
  expect(times.usual).toBe(50);
});

it('tells sizes apart, and judges none by another', () => {
  const times = new RunTimes();
  times.add(3 * 16 * 16, 4);
  expect(times.of(3 * 1024 * 1024)).toBe(0);
  times.add(3 * 1024 * 1024, 900);
  expect([times.of(3 * 16 * 16), times.of(3 * 1020 * 1030), times.of(3 * 2048 * 2048)]).toEqual([4, 900, 0]);
});

it('several rows take as long as each of them', () => {
  const times = new RunTimes();
  times.add(100, 5);
  expect(times.of(3200, 32)).toBe(160);
  times.add(3200, 90);
  expect(times.of(3200, 32)).toBe(90);
});

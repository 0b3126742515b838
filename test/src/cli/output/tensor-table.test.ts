import { expect, it } from '@jest/globals';
import { tensorTable } from '../../../../src/cli/output/tensor-table.js';

const tensors = (...names: readonly string[]) =>
  names.map((name) => ({ name, dtype: 'float32' as const, shape: [2, 3] }));

/** The tensors of a network of some stages of four layers. */
const network = (stages: number, tail = '') =>
  tensors(
    ...Array.from(
      { length: 4 * stages },
      (_, i) => `net.stage${Math.floor(i / 4)}.layer${i % 4}${tail}.weight`,
    ),
  );

const linesOf = (...given: Parameters<typeof tensorTable>) => tensorTable(...given).split('\n');

it('lists each tensor of few', () => {
  expect(linesOf(network(7))).toHaveLength(29);
  expect(linesOf(network(7))[1]).toBe('net.stage0.layer0.weight  float32  [2, 3]');
});

it('sums many up by the modules that they are of, as deep as fits', () => {
  const lines = linesOf(network(8));
  expect(lines).toHaveLength(10);
  expect(lines.slice(0, 2).map((line) => line.split(/ {2,}/))).toEqual([
    ['module', 'tensors', 'numbers'],
    ['net.stage0', '4', '24'],
  ]);
  expect(lines.at(-1)).toBe('(32 tensors: --all lists each)');
});

it('shows the first and the last of names that have no module in common', () => {
  const names = Array.from({ length: 40 }, (_, index) => `w${index}`);
  const lines = linesOf(tensors(...names));
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    ...['tensor', ...names.slice(0, 15), ...names.slice(25)],
    '(40',
  ]);
});

it('lists all where they are asked for', () => {
  expect(linesOf(network(8), true)).toHaveLength(33);
});

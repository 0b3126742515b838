import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { parseShard } from '../../../src/batch/parse-shard.js';
import { ListHash, partOf, sizeOf } from '../../../src/batch/shard.js';
import { bytewise } from '../../../src/files/bytewise.js';
import { Random } from '../../fuzz/random.js';

const random = new Random('shards');

it('a split into any number of shards is complete and disjoint, and its shards differ by one at most', () => {
  for (let round = 0; round < 300; round++) {
    const list = Array.from({ length: random.below(200) }, (_, index) => `${index}`);
    const count = 1 + random.below(round % 2 === 0 ? 12 : 300);
    const parts = Array.from({ length: count }, (_, index) => partOf(list, { index, count }));
    expect(parts.flat().sort()).toEqual([...list].sort());
    expect(parts.map(({ length }) => length)).toEqual(
      parts.map((_, index) => sizeOf({ index, count }, list.length)),
    );
    const sizes = parts.map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});

/** Of every length of UTF-8, at its bounds. */
const LETTERS = [
  '\t',
  ' ',
  '0',
  'A',
  'Z',
  'a',
  '\u007f',
  '\u0080',
  'é',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  'ﬀ',
  '\uffff',
  '😀',
  '\u{10ffff}',
];
const words = Array.from({ length: 400 }, () =>
  Array.from({ length: random.below(5) }, () => random.pick(LETTERS)).join(''),
);

it('paths are sorted as their bytes are, not as their UTF-16 units', () => {
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  expect([...words].sort(bytewise)).toEqual([...words].sort(byBytes));
  expect([...words].sort(bytewise)).not.toEqual([...words].sort());
});

it('the hash of a list is what sort -z and sha256sum say', () => {
  const names = ['B.png', 'a.png', 'é.png', '😀.png', 'ﬀ.png'];
  const hash = [...names].sort(bytewise).reduce((sum, name) => sum.add(name), new ListHash());
  const input = names.map((name) => `${name}\0`).join('');
  const shell = execFileSync('bash', ['-c', 'LC_ALL=C sort -z | sha256sum'], { input, encoding: 'utf8' });
  expect(hash.digest()).toBe(shell.slice(0, 64));
});

const slurm = (id: number, min: number, max: number, step: number, count: number) => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_STEP: `${step}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
});

describe('the place of a task', () => {
  it.each([
    ['3/8', {}, 3, 8],
    ['0/1', {}, 0, 1],
    ['auto', slurm(5, 0, 7, 1, 8), 5, 8],
    ['auto/8', slurm(5, 0, 7, 1, 8), 5, 8],
    // --array=10-22:4
    ['auto', slurm(18, 10, 22, 4, 4), 2, 4],
    ['auto', { JOB_COMPLETION_INDEX: '2', JOB_COMPLETIONS: '5' }, 2, 5],
    ['auto/5', { JOB_COMPLETION_INDEX: '2' }, 2, 5],
    ['auto', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '2' }, 0, 2],
    ['auto/9', { AWS_BATCH_JOB_ARRAY_INDEX: '8' }, 8, 9],
    ['auto', { BATCH_TASK_INDEX: '4', BATCH_TASK_COUNT: '9', SLURM_ARRAY_TASK_ID: '' }, 4, 9],
  ])('%s in %j is shard %d of %d', (text, environment, index, count) => {
    expect(parseShard(text, environment)).toEqual({ index, count });
  });

  it.each([
    ['8/8', {}, /expected i\/n/],
    ['-1/8', {}, /expected i\/n/],
    ['3', {}, /expected i\/n/],
    ['1/0', {}, /expected i\/n/],
    ['', {}, /expected i\/n/],
    ['0/1000001', {}, /expected i\/n/],
    ['auto', {}, /no scheduler says/],
    ['auto', { JOB_COMPLETION_INDEX: '2' }, /set JOB_COMPLETIONS .*`shard: 'auto\/n'`/],
    ['auto', { AWS_BATCH_JOB_ARRAY_INDEX: '2' }, /AWS_BATCH_JOB_ARRAY_SIZE is not set/],
    ['auto', { JOB_COMPLETION_INDEX: '5', JOB_COMPLETIONS: '5' }, /is 5, and there are 5 tasks/],
    ['auto', { JOB_COMPLETION_INDEX: '5', BATCH_TASK_INDEX: '5' }, /both .* are set/],
    ['auto', { BATCH_TASK_INDEX: '1.5', BATCH_TASK_COUNT: '9' }, /'1.5', expected a whole number/],
    ['auto/4', slurm(5, 0, 7, 1, 8), /has 8 tasks/],
    // --array=3,5 of what was --array=0-7: these are not the first and the second of two.
    ['auto', slurm(5, 3, 5, 1, 2), /not a range/],
    ['auto', slurm(12, 10, 22, 4, 4), /not a range/],
  ])('%j in %j is refused', (text, environment, message) => {
    expect(() => parseShard(text, environment)).toThrow(message);
  });
});

import { expect, it } from '@jest/globals';
import type { Scores } from '../../../src/slimming/slim-report.js';
import { shortfall } from '../../../src/slimming/verdict.js';

const GATES = { minAgreement: 0.9, maxDscDrop: 0.02 };
const scores = (mean: number): Scores => ({ perImage: [], mean, median: mean, worst: mean });

it.each([
  [0.95, undefined],
  [0.5, 'the student agrees with its teacher to a DSC of 0.5000, where `minAgreement: 0.9` is asked for'],
  [
    0,
    "the student's masks are empty, or nowhere overlap those of its teacher, where `minAgreement: 0.9` is asked for",
  ],
])('an agreement of %d', (mean, lack) => {
  expect(shortfall({ agreement: scores(mean) }, {}, GATES)).toBe(lack);
});

it("a DSC against ground truth that is too far below the teacher's", () => {
  const truth = (dsc: number) => ({ truth: { dsc, ...scores(dsc) } });
  expect(shortfall(truth(0.79), truth(0.8), GATES)).toBeUndefined();
  expect(shortfall(truth(0.7), truth(0.8), GATES)).toMatch(/is 0\.7000, 0\.1000 below its teacher's/);
});

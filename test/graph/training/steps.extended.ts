import { expect, it } from '@jest/globals';
import { caseName, errorsOf, isClose, trainingCases } from '../../support/training.js';

it.each(trainingCases.map((line) => [caseName(line), line] as const))(
  "a training of %s is PyTorch's in float64",
  async (_, line) => {
    const errors = await errorsOf(line);
    expect({ errors, isClose: isClose(errors, line) }).toEqual({ errors, isClose: true });
  },
);

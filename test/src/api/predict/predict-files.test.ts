/** Protects files beside the folder of the masks from images that are named to reach them. */
import { dirname } from 'node:path';
import { expect, it } from '@jest/globals';
import { filesOf } from '../../../../src/api/predict/predict-files.js';

it.each(['.', '..', '...', 'a'])('all that is written of an image called %s is in the folder', (name) => {
  for (const classes of [1, 2]) {
    const { masks, labels, overlay, probabilities } = filesOf(
      name,
      { classes, maskLabels: classes === 1 ? [1] : [0, 1] },
      { output: 'out/deep', overlay: true, probabilities: 'png16' },
    );
    const files = [...masks, ...(probabilities ?? []), ...(labels ? [labels] : []), overlay ?? ''];
    expect(files).toHaveLength(classes === 1 ? 3 : 6);
    expect(new Set(files.map(dirname))).toEqual(new Set(['out/deep']));
    expect(masks[0]).toBe(`out/deep/${name}_mask${classes === 1 ? '' : '_0'}.png`);
  }
});

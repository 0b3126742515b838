/** What programs without types misspell or misplace is refused by its name: passed over, it would give another model or mask. */
import { expect, it } from '@jest/globals';
import { evaluate } from '../../../src/api/evaluate.js';
import { exportModel } from '../../../src/api/export.js';
import { optimizeModel } from '../../../src/api/optimize.js';
import { predict } from '../../../src/api/predict.js';
import { fixture } from '../../support/fixtures.js';

const checkpoint = fixture('slim', 'teacher.pth');
const output = '/nowhere/model.onnx';
const predicted = { model: 'model.onnx', images: ['a.png'], output: '/nowhere' };

it.each([
  ['exportModel', exportModel, {}, /^`checkpoint` is missing/],
  [
    'exportModel',
    exportModel,
    { checkpoint, output, Reference: 'a' },
    /no option is named `Reference`; the closest is `reference`/,
  ],
  [
    'exportModel',
    exportModel,
    { checkpoint, output, size: '64x64' },
    /^`size: '64x64'`, expected \{ batch, depth, height, width \}/,
  ],
  ['exportModel', exportModel, { checkpoint, output, size: [64, 64] }, /^`size: .*, expected \{ batch/],
  ['exportModel', exportModel, { checkpoint, output, size: { heigth: 64 } }, /^`size: .*, expected \{ batch/],
  ['optimizeModel', optimizeModel, { model: 'a.onnx', output, levle: 'none' }, /closest is `level`/],
  ['predict', predict, { ...predicted, treshold: 0.9 }, /closest is `threshold`/],
  ['predict', predict, { ...predicted, images: 'a.png' }, /^`images: 'a.png'`, expected a list of paths/],
  ['evaluate', evaluate, { model: 'a.onnx', images: 'a', masks: 'b', headd: 'softmax' }, /closest is `head`/],
] as const)('%s', async (_name, door, options, message) => {
  const refused = Reflect.apply(door, undefined, [options]);
  await expect(refused).rejects.toMatchObject({ code: 'BAD_USAGE', message: expect.stringMatching(message) });
});

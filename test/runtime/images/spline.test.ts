import { describe, expect, it } from '@jest/globals';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { SPLINE_ORDERS } from '../../../graph/recipe/recipe.js';
import { rowsOf } from '../../../runtime/images/resize.js';
import { resampled } from '../../../runtime/images/spline.js';
import { fixture } from '../../support/fixtures.js';

const units = await readReference(fixture('nnunet', 'units.safetensors'));

function tensor(name: string) {
  const found = units.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  const [channels = 0, height = 0, width = 0] = found.dims;
  return { channels, height, width, data: float32Values(found) };
}

/** [C, H, W] as [H, W, C]. */
function interleaved({ channels, height, width, data }: ReturnType<typeof tensor>) {
  const size = height * width;
  const from = (i: number) => data[(i % channels) * size + Math.floor(i / channels)] ?? Number.NaN;
  return { channels, height, width, data: Float32Array.from(data, (_, i) => from(i)) };
}

const numbers = [0, 1, 2, 3];

describe.each(SPLINE_ORDERS)('an image at another size by splines of order %i', (order) => {
  it.each(numbers)("is scikit-image's, case %i", (number) => {
    const image = interleaved(tensor(`resize.${number}.in`));
    const expected = interleaved(tensor(`resize.${number}.out.${order}`));
    const found = resampled(rowsOf(image), expected.width, expected.height, order);
    let worst = 0;
    for (const [i, value] of found.data.entries())
      worst = Math.max(worst, Math.abs(value - (expected.data[i] ?? Number.NaN)));
    expect(found.data.length).toBe(expected.data.length);
    expect(worst).toBeLessThan(1e-6);
  });
});

it('a cubic spline leaves the range of no channel', () => {
  const step = { width: 6, height: 1, channels: 1, data: Uint8Array.of(0, 0, 0, 255, 255, 255) };
  const { data } = resampled(rowsOf(step), 60, 1, 3);
  expect([Math.min(...data), Math.max(...data)]).toEqual([0, 255]);
});

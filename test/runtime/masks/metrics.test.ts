import { expect, it } from '@jest/globals';
import type { Mask, RgbImage } from '../../../runtime/common/raster.js';
import { drawOutline, drawOverlay } from '../../../runtime/images/draw.js';
import { addConfusions, confusionOf, diceOf, metricsOf, NO_PIXELS } from '../../../runtime/masks/metrics.js';
import { area, labelMap, thresholded } from '../../../runtime/masks/threshold.js';

const mask = (...values: number[]): Mask => ({
  width: values.length,
  height: 1,
  channels: 1,
  data: Uint8Array.from(values),
});

it('a pixel at the threshold belongs to the mask', () => {
  const data = Float32Array.of(0.49, 0.5, 0.51);
  const found = thresholded({ width: 3, height: 1, channels: 1, data }, 0.5);
  expect([...found.data]).toEqual([0, 255, 255]);
  expect(area(found)).toBe(2);
});

it('the confusion of two masks counts every pixel once', () => {
  const confusion = confusionOf(mask(255, 255, 0, 0, 0), mask(255, 0, 255, 0, 0));
  expect(confusion).toEqual({ tp: 1, fp: 1, fn: 1, tn: 2 });
  expect(addConfusions(confusion, confusion)).toEqual({ tp: 2, fp: 2, fn: 2, tn: 4 });
  expect(() => confusionOf(mask(0), mask(0, 0))).toThrow(/1x1 against one of 2x1/);
});

it("the metrics are the paper's", () => {
  expect(metricsOf({ tp: 6, fp: 2, fn: 4, tn: 8 })).toEqual({
    miou: 6 / 12,
    dsc: 12 / 18,
    accuracy: 14 / 20,
    sensitivity: 6 / 10,
    specificity: 8 / 10,
  });
});

it('a denominator of 0 gives 0, as in the release; but two empty masks of one image agree', () => {
  expect(metricsOf(NO_PIXELS)).toEqual({ miou: 0, dsc: 0, accuracy: 0, sensitivity: 0, specificity: 0 });
  expect(diceOf(confusionOf(mask(0, 0), mask(0, 0)))).toBe(1);
  expect(diceOf(confusionOf(mask(255, 255, 0, 0), mask(0, 255, 255, 0)))).toBe(0.5);
});

it('a label map holds the most probable of the classes whose masks hold the pixel', () => {
  const data = Float32Array.of(0.9, 0.6, 0.2, 0.4, 0.7, 0.9, 0.1, 0.7);
  const probabilities = { classes: 2, width: 4, height: 1, data };
  const masks = [mask(255, 255, 0, 0), mask(255, 0, 0, 255)];
  expect([...labelMap(probabilities, masks).data]).toEqual([1, 1, 0, 2]);
});

it('an overlay changes what is inside and nothing else, an outline only its edge', () => {
  const image: RgbImage = { width: 3, height: 3, channels: 3, data: new Uint8Array(27).fill(100) };
  const full: Mask = { width: 3, height: 3, channels: 1, data: new Uint8Array(9).fill(255) };
  const pixel = ({ data }: RgbImage, at: number) => [...data.subarray(3 * at, 3 * at + 3)];
  const overlaid = drawOverlay(image, full, { colour: [200, 0, 0], opacity: 0.5 });
  expect([pixel(overlaid, 0), pixel(overlaid, 4)]).toEqual([
    [200, 0, 0],
    [150, 50, 50],
  ]);
  const outlined = drawOutline(image, full, { colour: [200, 0, 0] });
  expect([pixel(outlined, 0), pixel(outlined, 4)]).toEqual([
    [200, 0, 0],
    [100, 100, 100],
  ]);
  const nothing: Mask = { ...full, data: new Uint8Array(9) };
  expect(drawOverlay(image, nothing)).toEqual(image);
  expect(() => drawOverlay(image, mask(0))).toThrow(/1x1 over an image of 3x3/);
});

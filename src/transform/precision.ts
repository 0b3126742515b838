/**
 * What a model computes with:
 * - `fp16`: weights and activations in half precision, for graphics cards; its file is half as large;
 * - `int8`: convolutions on integers, calibrated on images;
 * - `int8-weights`: computes in float32, its file is a quarter as large.
 */
export const PRECISIONS = ['fp32', 'fp16', 'int8', 'int8-weights'] as const;
export type Precision = (typeof PRECISIONS)[number];

import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { initializer, input, type Value } from '../../graph/ir/value.js';
import { conv } from '../../graph/ops/conv.js';
import { modelOf } from './graph.js';

/** A model whose logits are a linear map of each pixel's colour, 0..1: what it gives is known without a network. */
export interface Pixelwise {
  /** A row of three weights a class. */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
  /** Of the input; 8 where nothing is said. */
  readonly side?: number;
  /** What the logits go on into. */
  readonly end?: (logits: Value) => Value;
  readonly metadata?: Readonly<Record<string, string>>;
}

export const UNIT = '{"normalization":{"kind":"unit"},"sizing":{"kind":"resize","height":8,"width":8}}';

export function pixelwise({ weights, bias, side = 8, end = (x) => x, metadata = {} }: Pixelwise): Model {
  const pixels = input('input', 'float32', [1, 3, side, side]);
  const weight = initializer('w', float32Tensor([bias.length, 3, 1, 1], weights.flat()));
  const logits = conv(pixels, weight, initializer('b', float32Tensor([bias.length], [...bias])));
  const model = modelOf([pixels], { out: end(logits) });
  return { ...model, metadata: new Map(Object.entries(metadata)) };
}

/** Red is class 1, green class 2, all else class 0, by the logits. */
export const COLOURS = {
  weights: [
    [-4, -4, -4],
    [8, -4, -4],
    [-4, 8, -4],
  ],
  bias: [2, -3, -3],
};

export const pixelwiseBytes = (options: Pixelwise): Uint8Array => encodeModel(pixelwise(options));

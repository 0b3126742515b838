/**
 * Training on graphs of this package, with no training build of any runtime. Experimental: names and defaults may still change.
 *
 * @experimental
 *
 * A network is written in `layers`, or in the operators here, on values; `trainingStep` makes a model of one step of its training, which
 * `createSession` runs; `gradients` is what it is built on.
 */

import { nmodeLogits } from '../../exporters/assembly/build.js';
import type { Skip } from '../../exporters/backbones/backbone.js';
import { initialWeights as initialSource } from '../../exporters/grafting/initial-weights.js';
import { Weights } from '../../exporters/nn/weights.js';
import { badUsage } from '../../graph/common/errors.js';
import { VERSION } from '../../graph/common/version.js';
import { encodeModel } from '../../graph/file/write.js';
import { shapeText } from '../../graph/ir/dim.js';
import type { Model } from '../../graph/ir/model.js';
import { elementCount, float32Tensor, float32Values, type Tensor } from '../../graph/ir/tensor.js';
import { initializer, input as inputOf, type Value } from '../../graph/ir/value.js';
import { cast } from '../../graph/ops/cast.js';
import { identity } from '../../graph/ops/unary.js';
import { assemble } from '../../graph/rewriting/assemble.js';

export { encodeSafetensors } from '../../exporters/checkpoints/write-safetensors.js';
export type { NmodeDecoder } from '../../exporters/decoders/nmode.js';
export type { NmodeVariant } from '../../exporters/decoders/variant.js';
export { type BatchStatistics, batchStatistics } from '../../graph/gradients/batch-statistics.js';
export { gradients } from '../../graph/gradients/gradients.js';
export { DIFFERENTIABLE } from '../../graph/gradients/rules.js';
export type { Tensor } from '../../graph/ir/tensor.js';
export { concat } from '../../graph/ops/concat.js';
export { type ConvAttributes, conv } from '../../graph/ops/conv.js';
export { type ConvTransposeAttributes, convTranspose } from '../../graph/ops/conv-transpose.js';
export { add, div, max, mul, sub } from '../../graph/ops/elementwise.js';
export { matMul } from '../../graph/ops/matmul.js';
export { batchNormalization, instanceNormalization } from '../../graph/ops/normalization.js';
export { averagePool, globalAveragePool, maxPool } from '../../graph/ops/pool.js';
export { reduceSum } from '../../graph/ops/reduce.js';
export { reshape } from '../../graph/ops/reshape.js';
export { type CoordinateTransformation, resizeLinear, resizeNearest } from '../../graph/ops/resize.js';
export { sliceAxis } from '../../graph/ops/slice.js';
export { transpose } from '../../graph/ops/transpose.js';
export {
  erf,
  exp,
  gelu,
  leakyRelu,
  log,
  neg,
  relu,
  sigmoid,
  silu,
  softmax,
  sqrt,
  tanh,
} from '../../graph/ops/unary.js';
export type { WindowAttributes } from '../../graph/ops/window.js';
export type { AdamWOptions } from '../../graph/training/adamw.js';
export * from '../../graph/training/losses.js';
export { constantRate, oneCycle, type Schedule } from '../../graph/training/schedule.js';
export {
  type Numbers,
  type StepOutputs,
  type TrainingOptions,
  type TrainingState,
  type TrainingStep,
  trainingStep,
} from '../../graph/training/step.js';
export { nmodeLogits, type Skip };

/** An input of a graph, float32. */
export const input = (name: string, dims: readonly number[]): Value => inputOf(name, 'float32', dims);

/** An input that is given in half precision and computed with in float32: `input` is what the model takes, `value` what it reads. */
export function halfInput(
  name: string,
  dims: readonly number[],
): { readonly input: Value; readonly value: Value } {
  const half = inputOf(name, 'float16', dims);
  return { input: half, value: cast(half, 'float32') };
}

/** A weight of a graph by its name, with the numbers that it begins with. */
export const weight = (name: string, dims: readonly number[], data: Float32Array): Value =>
  initializer(name, float32Tensor(dims, data));

/** Weights for `layers` as PyTorch initialises them: the same for the same seed, a whole number. */
export const initialWeights = (seed = 0): Weights => Weights.from(initialSource(seed));

/**
 * Weights for `layers` from tensors by their keys: those of a checkpoint, or of a training, which have the shapes of its graph.
 * @throws NmodeError (BAD_USAGE), once a layer asks for it, for a tensor that is missing or has more or fewer elements than the layer's
 */
export const weightsFrom = (tensors: ReadonlyMap<string, Tensor>): Weights =>
  Weights.from((key, dims) => {
    const tensor = tensors.get(key);
    if (tensor !== undefined && elementCount(tensor.dims) === elementCount(dims)) return { ...tensor, dims };
    const found = tensor === undefined ? 'is not there' : `is ${shapeText(tensor.dims)}`;
    throw badUsage(`of the given tensors '${key}' ${found}, the layer takes ${shapeText(dims)}`);
  });

/** The numbers of a tensor, float32. */
export const valuesOf = (tensor: Tensor): Float32Array => float32Values(tensor);

/** A model that computes values by their names, as `gradients` gives them. */
export function modelOf(inputs: readonly Value[], outputs: Readonly<Record<string, Value>>): Model {
  const own = Object.entries(outputs).map(([name, value]): [string, Value] => [name, identity(value)]);
  return assemble({ name: 'graph', inputs, outputs: Object.fromEntries(own), producerVersion: VERSION });
}

/** The bytes of a model, as `createSession` takes them and .onnx files hold them. */
export const modelBytes = (model: Model): Uint8Array => encodeModel(model);

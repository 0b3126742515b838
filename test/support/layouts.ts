import { at } from '../../graph/common/at.js';
import { ints } from '../../graph/ir/attribute.js';
import type { Model, ValueInfo } from '../../graph/ir/model.js';
import { axesOf, type Layout } from '../../graph/recipe/layout.js';
import { node } from './graph.js';

/** Where a model takes and gives channels. */
export interface Ends {
  readonly input: Layout;
  readonly output: Layout;
}

const FROM_LAST = [0, 3, 1, 2];
const FROM_FIRST = [0, 2, 3, 1];

/** A model of [N, C, H, W] as tf2onnx would write it: with channels elsewhere, and a Transpose that puts them there. */
export function relaid(model: Model, { input, output }: Ends): Model {
  const { graph } = model;
  const [taken, given] = [at(graph.inputs, 0), at(graph.outputs, 0)];
  const laid = (info: ValueInfo, layout: Layout): ValueInfo => {
    const shape = info.type?.shape ?? [];
    const sizes = layout === 'NHWC' ? FROM_FIRST.map((axis) => at(shape, axis)) : shape;
    return { name: info.name, type: { dtype: 'float32', shape: sizes } };
  };
  const inner = (name: string) =>
    (name === taken.name && input === 'NHWC') || (name === given.name && output === 'NHWC')
      ? `${name}:0`
      : name;
  const nodes = graph.nodes.map((each) => ({
    ...each,
    inputs: each.inputs.map(inner),
    outputs: each.outputs.map(inner),
  }));
  const turn = (from: string, to: string, perm: readonly number[]) =>
    from === to ? [] : [node('Transpose', [from], [to], { perm: ints(perm) })];
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [
        ...turn(taken.name, inner(taken.name), FROM_LAST),
        ...nodes,
        ...turn(inner(given.name), given.name, FROM_FIRST),
      ],
      inputs: [laid(taken, input)],
      outputs: [laid(given, output)],
      valueInfo: [],
    },
  };
}

/** Values of [1, C, H, W] in another layout. */
export function laidOut(values: Float32Array, dims: readonly number[], layout: Layout): Float32Array {
  if (layout === 'NCHW') return values;
  const [channels, height, width] = axesOf('NCHW').map((axis) => at(dims, axis)) as [number, number, number];
  const size = height * width;
  return Float32Array.from(values, (_, i) => at(values, (i % channels) * size + Math.floor(i / channels)));
}

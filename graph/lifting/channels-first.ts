import { areChannelsLast } from '../analysis/features.js';
import { inferTypes, type Types } from '../analysis/infer.js';
import { holdsSubgraph } from '../analysis/subgraphs.js';
import { at } from '../common/at.js';
import { ints } from '../ir/attribute.js';
import { type Dim, sameDim } from '../ir/dim.js';
import type { Model, Node, ValueInfo } from '../ir/model.js';
import { NameAllocator } from '../rewriting/name-allocator.js';

/** [N, H, W, C] -> [N, C, H, W], and back. */
const FIRST = [0, 3, 1, 2];
const LAST = [0, 2, 3, 1];

/**
 * A model whose image has its channels last, as TensorFlow's do, as one that takes it [N, C, H, W], and gives what is for each pixel so
 * too; any other as it is.
 */
export function channelsFirst(model: Model): Model {
  const { graph } = model;
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [image, ...others] = inputs.filter(({ type }) => type?.shape?.length === 4);
  const shape = image?.type?.shape;
  if (image === undefined || shape === undefined || others.length > 0 || image.type?.dtype !== 'float32')
    return model;
  // What a subgraph reads has the name that it had.
  if (!areChannelsLast(shape) || graph.nodes.some(holdsSubgraph)) return model;
  const types = inferTypes(model);
  const [, height, width] = types.get(image.name)?.shape ?? [];
  const maps = graph.outputs.filter(({ name }) => isMap(types, name, height, width));
  const names = new NameAllocator();
  const taken = graph.nodes.flatMap((node) => [node.name, ...node.inputs, ...node.outputs]);
  for (const name of new Set([...taken, image.name, ...graph.initializers.keys()])) names.claim(name);
  const inner = new Map([image, ...maps].map(({ name }) => [name, names.unique(`${name}_channels_last`)]));
  const own = (name: string) => inner.get(name) ?? name;
  const transpose = (from: string, to: string, perm: readonly number[]): Node => ({
    ...{
      name: names.unique(`${to}_Transpose`),
      opType: 'Transpose',
      domain: '',
      inputs: [from],
      outputs: [to],
    },
    attributes: new Map([['perm', ints(perm)]]),
  });
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(own),
    outputs: node.outputs.map(own),
  }));
  const turned = (info: ValueInfo): ValueInfo => {
    const { name, type } = info;
    if (!inner.has(name)) return info;
    const sizes = type?.shape;
    return {
      name,
      ...(type && { type: { ...type, ...(sizes && { shape: FIRST.map((axis) => at(sizes, axis)) }) } }),
    };
  };
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [
        transpose(image.name, own(image.name), LAST),
        ...nodes,
        ...maps.map(({ name }) => transpose(own(name), name, FIRST)),
      ],
      inputs: graph.inputs.map(turned),
      outputs: graph.outputs.map(turned),
      valueInfo: graph.valueInfo.filter(({ name }) => !inner.has(name)),
    },
  };
}

/** Whether an output is a map of the image, [N, H, W, classes]. */
function isMap(types: Types, name: string, height: Dim | undefined, width: Dim | undefined): boolean {
  const shape = types.get(name)?.shape;
  const [, down, across] = shape ?? [];
  if (shape?.length !== 4 || !down || !across || !height || !width) return false;
  return sameDim(down, height) && sameDim(across, width);
}

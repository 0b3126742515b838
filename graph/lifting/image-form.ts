import { inferTypes, type Types } from '../analysis/infer.js';
import { holdsSubgraph, namesIn } from '../analysis/subgraphs.js';
import { at } from '../common/at.js';
import { int, ints } from '../ir/attribute.js';
import { type Dim, sameDim } from '../ir/dim.js';
import { DTYPES, type DType } from '../ir/dtype.js';
import type { Model, Node, ValueInfo } from '../ir/model.js';
import { areChannelsLast, axesOf, LAYOUT_KEY, type Layout } from '../recipe/layout.js';
import { NameAllocator } from '../rewriting/name-allocator.js';

/** [N, H, W, C] -> [N, C, H, W], and back. */
const FIRST = [0, 3, 1, 2];
const LAST = [0, 2, 3, 1];

/** The floats that an image, and what is made of it, may be of besides float32. */
const OTHER_FLOATS: readonly (DType | undefined)[] = ['float16', 'float64'];

/** What stands between an image, or what is given, and the value of the model that it is. */
interface Port {
  readonly name: string;
  /** Of which type the model has it, where that is not float32. */
  readonly cast: DType | undefined;
  readonly isTurned: boolean;
}

/**
 * A model in the form that images are fed in: it takes float32 [N, C, H, W], and gives float32, for each pixel [N, classes, H, W]. One
 * whose channels stand last, as TensorFlow's do, by its metadata or its shape, or of another float, is so with a Transpose or a Cast more at its ends; any other model, and
 * one whose subgraphs may read the image by its name, is as it is.
 * @param turns whether channels are to be first; else they stay where they are
 */
export function inImageForm(model: Model, turns = true): Model {
  const { graph } = model;
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [image, ...others] = inputs.filter(({ type }) => type?.shape?.length === 4);
  const { dtype, shape = [] } = image?.type ?? {};
  if (image === undefined || others.length > 0 || graph.nodes.some(holdsSubgraph)) return model;
  if (dtype !== 'float32' && !OTHER_FLOATS.includes(dtype)) return model;
  const castOf = (type: DType | undefined) => (OTHER_FLOATS.includes(type) ? type : undefined);
  const isTurned = turns && areChannelsLast(shape, model.metadata);
  const port = { name: image.name, cast: castOf(dtype), isTurned };
  // Most models declare that they give what they take: nothing has to be inferred to know that they do.
  const mayBeLast = ({ type }: ValueInfo) =>
    type?.shape === undefined ||
    (type.shape.length === 4 && String(type.shape.slice(2)) !== String(shape.slice(2)));
  const types: Types = turns && (isTurned || graph.outputs.some(mayBeLast)) ? inferTypes(model) : new Map();
  const results = graph.outputs.map(
    ({ name, type }): Port => ({
      name,
      cast: castOf(type?.dtype),
      isTurned: isMap(types, image.name, name, isTurned),
    }),
  );
  const differs = ({ cast, isTurned }: Port) => cast !== undefined || isTurned;
  return [port, ...results].some(differs) ? withEnds(model, port, results.filter(differs)) : model;
}

function withEnds(model: Model, image: Port, results: readonly Port[]): Model {
  const { graph } = model;
  const names = new NameAllocator(namesIn(graph));
  const isFed = image.cast === undefined && !image.isTurned;
  const ends = new Map(
    [...(isFed ? [] : [image]), ...results].map((port) => [
      port.name,
      { ...port, inner: names.unique(`${port.name}_inner`) },
    ]),
  );
  const own = (name: string) => ends.get(name)?.inner ?? name;
  const step = (opType: string, from: string, to: string, attributes: Node['attributes']): Node => {
    const name = names.unique(`${to}_${opType}`);
    return { name, opType, domain: '', inputs: [from], outputs: [to], attributes };
  };
  /** From one name to another, by a Cast, a Transpose or both. */
  const between = (
    from: string,
    to: string,
    dtype: DType | undefined,
    perm: readonly number[] | undefined,
  ): readonly Node[] => {
    const casting = (source: string, target: string) =>
      step('Cast', source, target, new Map([['to', int(DTYPES[dtype ?? 'float32'].onnx)]]));
    if (perm === undefined) return [casting(from, to)];
    const turning = (source: string) => step('Transpose', source, to, new Map([['perm', ints(perm)]]));
    if (dtype === undefined) return [turning(from)];
    const middle = names.unique(`${to}_Cast`);
    return [casting(from, middle), turning(middle)];
  };
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(own),
    outputs: node.outputs.map(own),
  }));
  const declared = (info: ValueInfo): ValueInfo => {
    const { name, type } = info;
    const end = ends.get(name);
    if (end === undefined || type === undefined) return info;
    const { shape } = type;
    const sizes = shape && end.isTurned ? FIRST.map((axis) => at(shape, axis)) : shape;
    return { name, type: { dtype: end.cast ? 'float32' : type.dtype, ...(sizes && { shape: sizes }) } };
  };
  // What it says of where channels stand holds no more.
  const stated = [...model.metadata].filter(([key]) => key !== LAYOUT_KEY || !image.isTurned);
  return {
    ...model,
    metadata: new Map(stated),
    graph: {
      ...graph,
      nodes: [
        ...(isFed ? [] : between(image.name, own(image.name), image.cast, image.isTurned ? LAST : undefined)),
        ...nodes,
        ...results.flatMap(({ name, cast, isTurned }) =>
          between(own(name), name, cast && 'float32', isTurned ? FIRST : undefined),
        ),
      ],
      inputs: graph.inputs.map(declared),
      outputs: graph.outputs.map(declared),
      valueInfo: graph.valueInfo.filter(({ name }) => !ends.has(name)),
    },
  };
}

/** Whether an output is a map of the image, [N, H, W, classes]; where it may be [N, classes, H, W] as well, as the image is. */
function isMap(types: Types, image: string, name: string, isImageLast: boolean): boolean {
  const [taken, given] = [types.get(image)?.shape, types.get(name)?.shape];
  if (taken?.length !== 4 || given?.length !== 4) return false;
  const follows = (layout: Layout) => {
    const [, ...sides] = axesOf(isImageLast ? 'NHWC' : 'NCHW');
    const [, ...own] = axesOf(layout);
    return own.every((axis, index) => isSame(given[axis], taken[at(sides, index)]));
  };
  return follows('NHWC') && (isImageLast || !follows('NCHW'));
}

const isSame = (a: Dim | undefined, b: Dim | undefined) =>
  a !== undefined && b !== undefined && sameDim(a, b);

import { encodeModel } from '../../graph/file/write.js';
import type { Attribute } from '../../graph/ir/attribute.js';
import type { Graph, Model, Node } from '../../graph/ir/model.js';
import { elementCount, type Tensor } from '../../graph/ir/tensor.js';
import type { Value } from '../../graph/ir/value.js';
import { assemble } from '../../graph/rewriting/assemble.js';

process.env.ORT_DISABLE_TELEMETRY ??= '1';
const onnxruntime = await import('onnxruntime-node');

/** A model of the values that `outputs` names. */
export function modelOf(
  inputs: readonly Value[],
  outputs: Readonly<Record<string, Value>>,
  opset = 17,
): Model {
  return assemble({ name: 'test', inputs, outputs, opset, producerVersion: '0' });
}

/** A node as a foreign exporter writes it. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Node {
  return {
    name: outputs.join(),
    opType,
    domain: '',
    inputs,
    outputs,
    attributes: new Map(Object.entries(attributes)),
  };
}

/** A model of opset 17 written down node by node. */
export function handmade(graph: Partial<Graph>): Model {
  return {
    irVersion: 8,
    producerName: 'by hand',
    producerVersion: '1',
    opsets: new Map([['', 17]]),
    metadata: new Map(),
    graph: {
      name: 'g',
      nodes: [],
      inputs: [],
      outputs: [],
      valueInfo: [],
      initializers: new Map(),
      ...graph,
    },
  };
}

export interface Ran {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** Runs a model on onnxruntime; an input given by its sizes alone holds 0, 1, 2, ... */
export async function run(
  model: Model,
  feeds: Readonly<Record<string, readonly number[] | { dims: readonly number[]; data: Float32Array }>>,
): Promise<Readonly<Record<string, Ran>>> {
  const session = await onnxruntime.InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const tensors = Object.entries(feeds).map(([name, feed]) => {
      const { dims, data } =
        'dims' in feed
          ? feed
          : { dims: feed, data: Float32Array.from({ length: elementCount(feed) }, (_, i) => i) };
      return [name, new onnxruntime.Tensor('float32', data, dims)];
    });
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { dims, data: Array.from(data, Number) },
      ]),
    );
  } finally {
    await session.release();
  }
}

/** The sizes of the outputs that onnxruntime computes. */
export async function dimsOf(
  model: Model,
  feeds: Readonly<Record<string, readonly number[]>>,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const results = await run(model, feeds);
  return Object.fromEntries(Object.entries(results).map(([name, { dims }]) => [name, dims]));
}

/** Every combination of the choices. */
export function grid<T extends Readonly<Record<string, readonly number[]>>>(
  choices: T,
): Record<keyof T, number>[] {
  return Object.entries(choices).reduce<Record<string, number>[]>(
    (rows, [key, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [key]: value }))),
    [{}],
  ) as Record<keyof T, number>[];
}

/** A float32 tensor of the given sizes whose bytes are zeros. */
export function zeros(dims: readonly number[]): Tensor {
  const bytes = new Uint8Array(4 * elementCount(dims));
  return { dtype: 'float32', dims, bytes: () => bytes };
}

import type { DType } from './dtype.js';
import { type OutputActivation, outputActivation } from './output-activation.js';
import type { Tensor } from './tensor.js';

/** Protobuf fields as they stood in a file, tags included: what is not interpreted is written back. */
export type Unread = readonly Uint8Array[];

/**
 * A node's attribute. What is not interpreted is a whole AttributeProto, never opened: any `other` (a type, a large sparse tensor, a
 * tensor of strings, an integer beyond 2^53), or a `subgraph` that cannot be read or is one of several. `whole` is one too, where the value does not tell all of it
 * (the name of a tensor, the last digits of the largest int64); it is what is written back.
 */
export type Attribute = { readonly unread?: Unread; readonly whole?: Uint8Array } & (
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  /** With a reference, within a function, an attribute that whoever calls it gives. */
  | { readonly type: 'other'; readonly bytes: Uint8Array; readonly reference?: string }
  /** What a branch or a loop runs. As it was in a file where there are bytes. */
  | { readonly type: 'subgraph'; readonly graph: Graph; readonly bytes?: Uint8Array }
  | { readonly type: 'subgraph'; readonly graph?: undefined; readonly bytes: Uint8Array }
);

export type AttributeType = Attribute['type'];

export type Attributes = ReadonlyMap<string, Attribute>;

/** A whole ONNX model, as plain data. What this package does not interpret is kept in `unread` and written back. */
export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** Version by operator domain; '' is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  /** `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: Graph;
  /** The operators that it brings with it. */
  readonly functions?: readonly LocalFunction[];
  readonly unread?: Unread;
}

/** An operator that a model brings with it, as what it is computed by. */
export interface LocalFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  /** The FunctionProto of a file, written back as it was. */
  readonly bytes: Uint8Array;
  /** Undefined where it cannot be read. */
  readonly body?: FunctionBody;
}

export interface FunctionBody {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of the attributes that need not be given. */
  readonly defaults: Attributes;
  readonly nodes: readonly Node[];
  readonly opsets: ReadonlyMap<string, number>;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly unread?: Unread;
}

/** A weight of a graph. */
export interface Initializer extends Tensor {
  readonly unread?: Unread;
  /** The SparseTensorProto that it was in a file, under its name there: written back as it was. */
  readonly sparse?: { readonly name: string; readonly bytes: Uint8Array };
}

/** The name of an optional input or output that is left out. */
export const ABSENT = '';

export interface Node {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Names, or `ABSENT`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  readonly unread?: Unread;
}

/** Declared sizes for people: `N, 3, ?, ?`, where a file gives a size neither a number nor a name. */
export function sizesText(shape: readonly (number | string)[], separator = ', '): string {
  return shape.map((size) => (size === '' ? '?' : size)).join(separator);
}

/** What people are told a node is: what it gives, where an exporter or a simplifier left it without a name. */
export function nodeName({ name, outputs }: Pick<Node, 'name' | 'outputs'>): string {
  return name || (outputs.find((output) => output !== ABSENT) ?? name);
}

/** A declared type. `type` is undefined for what is not a tensor of a known element type. */
export interface ValueInfo {
  readonly name: string;
  readonly type?: DeclaredType;
  /** The TypeProto of a file, written back as it was. */
  readonly typeBytes?: Uint8Array;
  readonly unread?: Unread;
}

export interface DeclaredType {
  readonly dtype: DType;
  /** A size, a name, or '' where nothing is said; undefined where not even the rank is known. */
  readonly shape?: readonly (number | string)[];
}

/** The opset of ONNX's own operators, 0 where a model states none. */
export function opsetOf(model: Model): number {
  return model.opsets.get('') ?? model.opsets.get('ai.onnx') ?? 0;
}

/** The first IR version whose initializers need not be inputs; before it, all of them have to be, and none may be replaced. */
export const IR_OF_OWN_INITIALIZERS = 4;

/** The initializers that whoever runs a model may replace: those that are inputs as well. */
export function replaceable({ irVersion, graph }: Model): ReadonlySet<string> {
  if (irVersion < IR_OF_OWN_INITIALIZERS) return new Set();
  return new Set(graph.inputs.map(({ name }) => name).filter((name) => graph.initializers.has(name)));
}

/** What a model takes and gives, and what it says of itself. */
export interface Outline {
  /** Those that have no initializer: what must be fed. */
  readonly inputs: readonly Pick<ValueInfo, 'name' | 'type'>[];
  readonly outputs: readonly Pick<ValueInfo, 'name' | 'type'>[];
  readonly metadata: ReadonlyMap<string, string>;
  /** What the values of the first output are. */
  readonly activation: OutputActivation;
}

export function outlineOf({ graph, metadata }: Model): Outline {
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const activation = outputActivation(graph.nodes, graph.outputs[0]?.name);
  return { inputs, outputs: graph.outputs, metadata, activation };
}

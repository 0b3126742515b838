import { at } from '../common/at.js';
import { floatOf, int, intOf, stringOf } from '../ir/attribute.js';
import { DTYPES } from '../ir/dtype.js';
import { ABSENT, type Node } from '../ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../ir/tensor.js';
import {
  before,
  type Change,
  intsIn,
  listOf,
  type Site,
  trimmed,
  withAttributes,
  without,
} from './change.js';

/** A list of whole numbers that becomes the second input: `axes`, `split`. */
export const listToInput =
  (name: string): Change =>
  (node, site) => {
    const list = intsIn(node.attributes, name);
    const changed = without(node, name);
    return [list ? { ...changed, inputs: [at(node.inputs, 0), site.constant(listOf(list))] } : changed];
  };

export const sliceToInputs: Change = (node, site) => {
  const [starts, ends, axes] = ['starts', 'ends', 'axes'].map((name) => intsIn(node.attributes, name));
  if (starts === undefined || ends === undefined) throw new TypeError('it has no starts or no ends');
  const lists = [starts, ends, ...(axes ? [axes] : [])].map((list) => site.constant(listOf(list)));
  return [{ ...without(node, 'starts', 'ends', 'axes'), inputs: [at(node.inputs, 0), ...lists] }];
};

export const topKToInput: Change = (node, site) => {
  const k = site.constant(int64Tensor([1], [intOf(node.attributes, 'k', 0)]));
  return [{ ...without(node, 'k'), inputs: [at(node.inputs, 0), k] }];
};

export const clipToInputs: Change = (node, site) => {
  const [x = ABSENT] = node.inputs;
  const limits = ['min', 'max'].map((name) => scalarInput(node, name, site));
  const inputs = trimmed([x, ...limits.map(({ input }) => input)]);
  return [...limits.flatMap(({ nodes }) => nodes), { ...without(node, 'min', 'max'), inputs }];
};

export const padToInputs: Change = (node, site) => {
  const pads = intsIn(node.attributes, 'pads');
  if (pads === undefined) throw new TypeError('it has no pads');
  const isConstant = stringOf(node.attributes, 'mode', 'constant') === 'constant';
  const isZero = floatOf(node.attributes, 'value', 0) === 0;
  const value = isConstant && !isZero ? scalarInput(node, 'value', site) : LEFT_OUT;
  const inputs = trimmed([at(node.inputs, 0), site.constant(listOf(pads)), value.input]);
  return [...value.nodes, { ...without(node, 'pads', 'value'), inputs }];
};

export const dropoutToInput: Change = (node, site) => {
  const [x = ABSENT] = node.inputs;
  const ratio = node.attributes.has('ratio')
    ? site.constant(scalar(floatOf(node.attributes, 'ratio', 0)))
    : ABSENT;
  return [{ ...without(node, 'ratio'), inputs: trimmed([x, ratio]) }];
};

/** The axis of a DFT was its second from the front by default, and is now its second from the back. */
export const dftToInput: Change = (node, site) => {
  const [x = ABSENT, length = ABSENT] = node.inputs;
  const axis = site.constant(int64Tensor([], [intOf(node.attributes, 'axis', 1)]));
  return [{ ...without(node, 'axis'), inputs: [x, length, axis] }];
};

/** Parts of one size, whose number was that of the outputs. */
export const splitIntoOutputs: Change = (node) => [
  (node.inputs[1] ?? ABSENT) === ABSENT
    ? withAttributes(node, { num_outputs: int(node.outputs.length) })
    : node,
];

const scalar = (value: number): Tensor => float32Tensor([], [value]);

interface ScalarInput {
  readonly input: string;
  readonly nodes: readonly Node[];
}

const LEFT_OUT: ScalarInput = { input: ABSENT, nodes: [] };

/** An attribute as a scalar of the type of the first input. */
function scalarInput(node: Node, name: string, site: Site): ScalarInput {
  if (!node.attributes.has(name)) return LEFT_OUT;
  const dtype = site.floatTypeOf(node.inputs[0]);
  if (dtype === undefined) throw new TypeError(`the type of its '${name}' is unknown`);
  const input = site.constant(scalar(floatOf(node.attributes, name, 0)));
  if (dtype === 'float32') return { input, nodes: [] };
  const cast = before(node, site, 'Cast', [input], { to: int(DTYPES[dtype].onnx) });
  return { input: cast.output, nodes: [cast] };
}

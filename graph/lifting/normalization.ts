import { at } from '../common/at.js';
import { floatOf, int, intOf } from '../ir/attribute.js';
import { DTYPES } from '../ir/dtype.js';
import { ABSENT } from '../ir/model.js';
import { float32Tensor } from '../ir/tensor.js';
import { before, type Change, listOf, without } from './change.js';

/** The epsilon that BatchNormalization has where none is stated. */
const EPSILON = 1e-5;

/** `spatial` 0, gone since: a mean and a variance for each place, and not for each channel. */
export const spatialNormalization: Change = (node, site) => {
  const changed = without(node, 'spatial');
  if (intOf(node.attributes, 'spatial', 1) !== 0) return [changed];
  const [x = ABSENT, scale = ABSENT, bias = ABSENT, mean = ABSENT, variance = ABSENT] = node.inputs;
  const dtype = site.floatTypeOf(variance);
  if (dtype === undefined) throw new TypeError('the type of its variance is unknown');
  const epsilon = site.constant(float32Tensor([], [floatOf(node.attributes, 'epsilon', EPSILON)]));
  const typed = before(node, site, 'Cast', [epsilon], { to: int(DTYPES[dtype].onnx) });
  const sum = before(node, site, 'Add', [variance, typed.output]);
  const deviation = before(node, site, 'Sqrt', [sum.output]);
  const centred = before(node, site, 'Sub', [x, mean]);
  const normal = before(node, site, 'Div', [centred.output, deviation.output]);
  const scaled = before(node, site, 'Mul', [normal.output, scale]);
  const add = {
    ...node,
    opType: 'Add',
    inputs: [scaled.output, bias],
    outputs: [at(node.outputs, 0)],
    attributes: new Map(),
  };
  return [typed, sum, deviation, centred, normal, scaled, add];
};

/** What a training alone computes, or goes on with, is no output any more. */
export const resultAlone: Change = (node, site) => {
  const read = node.outputs.slice(1).find((name) => name !== ABSENT && site.isRead(name));
  if (read !== undefined)
    throw new TypeError(`its output '${read}', which only a training computes, is read`);
  return [{ ...node, outputs: node.outputs.slice(0, 1) }];
};

/** Scale and bias of GroupNormalization are one a group until opset 20, one a channel from then on. */
export const onePerChannel: Change = (node, site) => {
  const [x = ABSENT, ...parameters] = node.inputs;
  const groups = intOf(node.attributes, 'num_groups', 1);
  const channels = site.typeOf(x)?.shape[1];
  if (typeof channels !== 'number') throw new TypeError(`the number of channels of '${x}' is unknown`);
  if (channels === groups) return [node];
  const [wide, flat] = [
    site.constant(listOf([groups, channels / groups])),
    site.constant(listOf([channels])),
  ];
  const repeated = parameters.map((name) => {
    const column = before(node, site, 'Reshape', [name, site.constant(listOf([groups, 1]))]);
    const expanded = before(node, site, 'Expand', [column.output, wide]);
    return [column, expanded, before(node, site, 'Reshape', [expanded.output, flat])] as const;
  });
  return [...repeated.flat(), { ...node, inputs: [x, ...repeated.map(([, , last]) => last.output)] }];
};

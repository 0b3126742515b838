import { at } from '../common/at.js';
import { type Attribute, floatOf, string, stringOf } from '../ir/attribute.js';
import { ABSENT } from '../ir/model.js';
import { float32Tensor, float32Values } from '../ir/tensor.js';
import { before, type Change, withAttributes, without } from './change.js';

/** Height and width have had factors of their own, and `bilinear` its name. */
export const oneListOfScales: Change = (node) => {
  const sides = ['height_scale', 'width_scale'].map((name) => floatOf(node.attributes, name, 1));
  const mode = stringOf(node.attributes, 'mode', 'nearest');
  const changed = without(node, 'height_scale', 'width_scale');
  return [
    withAttributes(changed, {
      scales: { type: 'floats', value: [1, 1, ...sides] },
      mode: string(mode === 'bilinear' ? 'linear' : mode),
    }),
  ];
};

export const scalesToInput: Change = (node, site) => {
  const scales = node.attributes.get('scales');
  if (scales?.type !== 'floats') throw new TypeError('it has no scales');
  const input = site.constant(float32Tensor([scales.value.length], scales.value));
  return [{ ...without(node, 'scales'), inputs: [at(node.inputs, 0), input] }];
};

/** Pixels start where those of the source do, and the nearest one is that before: an Upsample never makes anything smaller. */
export const upsampleToResize: Change = (node) => [
  withAttributes({ ...node, opType: 'Resize' }, placed('floor')),
];

/** The same of a Resize, which took the pixel behind where it makes an axis smaller. */
export const resizePlaced: Change = (node, site) => {
  const [x = ABSENT, scales = ABSENT] = node.inputs;
  const roi = ABSENT;
  const changed = { ...node, inputs: [x, roi, scales] };
  if (node.attributes.has('coordinate_transformation_mode')) return [changed];
  if (stringOf(node.attributes, 'mode', 'nearest') !== 'nearest')
    return [withAttributes(changed, placed('floor'))];
  const known = site.typeOf(scales)?.constant;
  if (known === undefined)
    throw new TypeError('its scales are unknown, and with them whether it shrinks its input');
  const values = [...float32Values(known)];
  const [down, up] = [values.map((scale) => Math.min(scale, 1)), values.map((scale) => Math.max(scale, 1))];
  if (down.every((scale) => scale === 1)) return [withAttributes(changed, placed('floor'))];
  if (up.every((scale) => scale === 1)) return [withAttributes(changed, placed('ceil'))];
  const list = (own: readonly number[]) => site.constant(float32Tensor([own.length], own));
  const attributes = { mode: string('nearest'), ...placed('ceil') };
  const smaller = before(node, site, 'Resize', [x, roi, list(down)], attributes);
  return [smaller, withAttributes({ ...node, inputs: [smaller.output, roi, list(up)] }, placed('floor'))];
};

const placed = (nearest: 'floor' | 'ceil'): Readonly<Record<string, Attribute>> => ({
  coordinate_transformation_mode: string('asymmetric'),
  nearest_mode: string(nearest),
});

/** `bilinear` and `bicubic` have lost a syllable. */
export const gridModes: Change = (node) => {
  const mode = stringOf(node.attributes, 'mode', 'bilinear');
  return [withAttributes(node, { mode: string(mode.replace(/^bi/, '')) })];
};

/** RoiAlign takes half a pixel off by default since opset 16, and did not before. */
export const regionsAsTheyAre: Change = (node) => [
  withAttributes(node, { coordinate_transformation_mode: string('output_half_pixel') }),
];

/** What TensorFlow's nearest pixels were called: the same half a pixel on, rounded otherwise. */
const WITHOUT_TENSORFLOW: Readonly<Record<string, string>> = {
  floor: 'round_prefer_ceil',
  round_prefer_floor: 'ceil',
};

export const halfPixelNearest: Change = (node) => {
  const { attributes } = node;
  if (stringOf(attributes, 'coordinate_transformation_mode', '') !== 'tf_half_pixel_for_nn') return [node];
  const rounded = WITHOUT_TENSORFLOW[stringOf(attributes, 'nearest_mode', 'round_prefer_floor')];
  if (rounded === undefined || stringOf(attributes, 'mode', 'nearest') !== 'nearest') {
    throw new TypeError('tf_half_pixel_for_nn, which opset 13 removed, has no equivalent');
  }
  const half = { coordinate_transformation_mode: string('half_pixel'), nearest_mode: string(rounded) };
  return [withAttributes(node, half)];
};

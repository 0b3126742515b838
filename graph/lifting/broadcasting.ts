import { intOf, ints } from '../ir/attribute.js';
import { type Change, type Site, without } from './change.js';

/** Until opset 6 an operand was laid along the axes of another from `axis` on; since then along its last ones. */
export const numpyBroadcasting: Change = (node, site) => {
  const [a, b] = node.inputs;
  const changed = without(node, 'broadcast', 'axis');
  const isLaid = intOf(node.attributes, 'broadcast', 0) === 1 && node.attributes.has('axis');
  if (!isLaid) return [changed];
  const [rank, own] = [rankOf(a, site), rankOf(b, site)];
  const axis = intOf(node.attributes, 'axis', 0);
  return behind(changed, site, own, rank - (axis < 0 ? axis + rank : axis) - own);
};

/** One slope a channel, which stands on the second axis. */
export const slopePerChannel: Change = (node, site) => {
  const [x, slope] = node.inputs;
  const slopes = site.typeOf(slope)?.shape;
  if (slopes?.length !== 1 || slopes[0] === 1) return [node];
  return behind(node, site, 1, rankOf(x, site) - 2);
};

/** A node whose second operand gets axes of one element behind its own. */
function behind(node: Parameters<Change>[0], site: Site, own: number, more: number) {
  if (more < 0) throw new RangeError('its second operand has more axes than are left of the first');
  if (more === 0) return [node];
  const [a = '', b = ''] = node.inputs;
  const output = site.unique(`${b}_aligned`);
  const axes = Array.from({ length: more }, (_, index) => own + index);
  const unsqueeze = {
    ...{ name: output, opType: 'Unsqueeze', domain: '', inputs: [b], outputs: [output] },
    attributes: new Map([['axes', ints(axes)]]),
  };
  return [unsqueeze, { ...node, inputs: [a, output] }];
}

function rankOf(name: string | undefined, site: Site): number {
  const rank = site.typeOf(name)?.shape.length;
  if (rank === undefined) throw new TypeError(`the number of axes of '${name}' is unknown`);
  return rank;
}

import { featureMapFaults } from '../../graph/analysis/feature-maps.js';
import {
  type Feature,
  imageOf,
  type Located,
  locate,
  type Measure,
  typeText,
} from '../../graph/analysis/features.js';
import { at } from '../../graph/common/at.js';
import { closestText } from '../../graph/common/closest.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Dim, shapeText } from '../../graph/ir/dim.js';
import type { Model } from '../../graph/ir/model.js';

/** How many names an error lists. */
const MAX_CANDIDATES = 3;

/** @throws NmodeError (BAD_USAGE) for a name that comes twice, and for one that no tensor has, with those that are most like it */
export function checkNames({ graph }: Model, names: readonly string[]): void {
  if (names.length === 0) throw badUsage('no skips are named: `proposeSkips` proposes some');
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw badUsage(`tensor '${twice}' is named twice: each step takes one of its own`);
  const computed = graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  const known = new Set([...graph.inputs.map(({ name }) => name), ...computed]);
  for (const name of names) {
    if (known.has(name) || graph.initializers.has(name)) continue;
    const node = graph.nodes.find((candidate) => candidate.name === name);
    if (node !== undefined) {
      throw badUsage(
        `'${name}' is a node, not a tensor: it computes ${node.outputs.filter(Boolean).join(' and ')}`,
      );
    }
    const near = closestText(name, known, MAX_CANDIDATES);
    throw badUsage(`no tensor is named '${name}'${near}; ${option('proposeSkips')} proposes some`);
  }
}

/**
 * The skips with their channels and scales.
 * @param encoder the part of the model that computes them
 * @param names shallow to deep
 * @throws NmodeError (BAD_USAGE) for tensors that are no feature maps of the image or stand in another order
 */
export async function skipsOf(
  model: Model,
  encoder: Model,
  names: readonly string[],
  measure: Measure,
): Promise<readonly Feature[]> {
  const image = imageOf(model);
  const faultOf = featureMapFaults(model);
  const refuse = (tensor: string, fault: string) => badUsage(`tensor '${tensor}' ${fault}; ${WAY_ON}`);
  if (!encoder.graph.inputs.some(({ name }) => name === image.name)) {
    throw refuse(at(names, 0), 'does not depend on the image');
  }
  const skips = (await locate(encoder, names, measure)).map((located): Feature => {
    if (!isPicture(located)) throw badUsage(`${described(located)}, expected float32 [N, C, H, W]`);
    const fault = faultOf(located.tensor);
    if (fault !== undefined) throw refuse(located.tensor, fault);
    if (typeof located.type?.shape[1] !== 'number') {
      throw badUsage(`${described(located)}, expected a known number of channels; name another tensor`);
    }
    if (located.feature === undefined) throw badUsage(misfit(located, image.shape));
    return located.feature;
  });
  const ordered = skips.toSorted((a, b) => a.scale - b.scale);
  if (ordered.some(({ scale }, at) => scale !== skips[at]?.scale)) {
    throw badUsage(
      `the skips have the scales ${skips.map(({ scale }) => scale).join(', ')}, expected shallow to deep: ${ordered.map(({ tensor }) => tensor).join(',')}`,
    );
  }
  return skips;
}

const WAY_ON = 'name a feature map between the image and the output: `proposeSkips` proposes some';

const isPicture = ({ type }: Located): boolean => type?.dtype === 'float32' && type.shape.length === 4;

const described = ({ tensor, type }: Located): string => `tensor '${tensor}' is ${typeText(type)}`;

function misfit(located: Located, image: readonly Dim[]): string {
  const isFixed = image.slice(2).every((size) => typeof size === 'number');
  const other = isFixed ? ', or export the model for a height and a width that its levels divide' : '';
  return `${described(located)}, the image ${shapeText(image)}: expected its height and width divided by the same whole number at every size; name another tensor${other}`;
}

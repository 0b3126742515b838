import type { Shapes } from '../../nn/weights.js';
import { Arguments } from '../arguments/arguments.js';
import { claimedNetwork } from '../arguments/contradiction.js';
import { definedBy } from '../arguments/definition.js';
import { type Backbone, type Extras, type NamedArguments, type Network, networkOf } from '../backbone.js';
import type { Architecture } from './architecture.js';
import { ARCHITECTURES, type Bundle, bundleIn } from './bundle.js';

const idOf = ({ className }: Architecture): string => `monai.${className.toLowerCase()}`;

/** Classes that have this default; the others say the number of axes. */
const STANDARD_AXES = 2;

/** What its first convolution tells. */
function inputOf({ stems }: Architecture, shapes: Shapes): NamedArguments {
  const shape = stems.map((stem) => shapes.get(stem)).find((found) => found !== undefined);
  if (shape === undefined) return {};
  return { in_channels: shape[1], spatial_dims: shape.length - 2 };
}

/** What shapes tell of arguments; those of another network tell nothing. */
const inferredBy = (architecture: Architecture, shapes: Shapes): NamedArguments =>
  architecture.isIn(shapes) ? { ...inputOf(architecture, shapes), ...architecture.inferred(shapes) } : {};

/** Arguments of a bundle with each by its name of today. */
function ofToday({ dimensions, ...args }: NamedArguments): NamedArguments {
  return dimensions === undefined ? args : { spatial_dims: dimensions, ...args };
}

function network(
  architecture: Architecture,
  shapes: Shapes,
  extras: Extras = new Map(),
  given: NamedArguments = {},
): Network {
  const said: Bundle | undefined = bundleIn(extras);
  // A user may say that it is another.
  const bundle = said?.architecture === architecture ? said : undefined;
  const args = new Arguments({
    given: ofToday(given),
    ...(bundle
      ? { config: ofToday(bundle.arguments), file: bundle.place }
      : { shapes: inferredBy(architecture, shapes) }),
  });
  return claimedNetwork({
    ...{ args, shapes, found: () => inferredBy(architecture, shapes) },
    network: (own) => networkBy(architecture, own, bundle),
  });
}

function networkBy(architecture: Architecture, args: Arguments, bundle?: Bundle): Network {
  if (bundle !== undefined) args.require(architecture.required, architecture.className);
  const axes = args.whole('spatial_dims', bundle === undefined ? STANDARD_AXES : 3, 2, 3) === 3 ? 3 : 2;
  const inputChannels = args.whole('in_channels', 1);
  const classes = args.whole('out_channels', bundle === undefined ? 1 : 2);
  const definition = architecture.define(args, { axes, classes });
  args.refuseOthers(architecture.className);
  const use = bundle?.useOf(axes, inputChannels);
  return networkOf({
    ...{ backbone: idOf(architecture), inputChannels },
    ...definedBy(definition, { axes, classes }, use?.activation),
    ...use?.recipe,
    notes: use?.notes ?? [],
    isSaid: bundle !== undefined,
  });
}

/** The classes of MONAI's networks of images and volumes. */
export const MONAI = ARCHITECTURES.map(
  (architecture): Backbone => ({
    id: idOf(architecture),
    stems: architecture.stems,
    takesArguments: true,
    matches(shapes, extras) {
      const bundle = bundleIn(extras);
      return bundle === undefined ? architecture.isIn(shapes) : bundle.architecture === architecture;
    },
    network: (shapes, extras, given) => network(architecture, shapes, extras, given),
  }),
);

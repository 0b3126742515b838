import { badText, jsonIn, knownText } from '../arguments/extras.js';
import type { Extras, NamedArguments } from '../backbone.js';
import type { Architecture } from './architecture.js';
import { type Component, Config, componentOf } from './config.js';
import type { Plain } from './expression.js';
import { ATTENTION_UNET } from './nets/attention-unet.js';
import { BASIC_UNET } from './nets/basic-unet.js';
import { DYNUNET } from './nets/dynunet.js';
import { SEGRESNET } from './nets/segresnet.js';
import { UNET } from './nets/unet.js';
import { type Use, useOf } from './use.js';

/** The classes of MONAI's networks that are known. */
export const ARCHITECTURES: readonly Architecture[] = [UNET, BASIC_UNET, ATTENTION_UNET, DYNUNET, SEGRESNET];

/** What the folder of a bundle says of its network. */
export interface Bundle {
  /** What messages call the text that says it. */
  readonly place: string;
  readonly architecture: Architecture;
  readonly arguments: NamedArguments;
  /** How the network is used, as far as a model does that. */
  useOf(axes: 2 | 3, channels: number): Use;
}

/** Where configurations stand, as bundles have them; YAML comes as JSON. */
const PLACES = ['inference', 'train'].flatMap((name) =>
  ['json', 'yaml', 'yml'].map((ending) => `configs/${name}.${ending}`),
);

/** What configurations call the network. */
const NETWORKS = ['network_def', 'network', 'net_def', 'net', 'model'];

const known = new WeakMap<Extras, Bundle | undefined>();

/**
 * What stands beside the weights of a bundle; undefined where there is nothing of the kind.
 * @throws NmodeError (BAD_CHECKPOINT) for what is not JSON, and for a network that is not known
 */
export function bundleIn(extras: Extras): Bundle | undefined {
  if (!known.has(extras)) known.set(extras, readIn(extras));
  return known.get(extras);
}

function readIn(extras: Extras): Bundle | undefined {
  for (const place of PLACES.filter((each) => extras.has(each))) {
    const config = new Config(jsonIn(extras, place) as Plain);
    for (const name of NETWORKS) {
      const component = componentOf(config.at(name));
      if (component !== undefined) return bundleOf(place, config, name, component);
    }
  }
  return undefined;
}

function bundleOf(place: string, config: Config, name: string, component: Component): Bundle {
  const architecture = ARCHITECTURES.find(({ className, aliases }) =>
    [className, ...aliases].includes(component.name),
  );
  if (architecture === undefined) {
    const names = ARCHITECTURES.map(({ className }) => className);
    const expected = knownText(component.name, names);
    throw badText(place, `${name} is ${component.name.slice(0, 60)}, expected ${expected}`);
  }
  return {
    ...{ place, architecture, arguments: component.arguments },
    useOf: (axes, channels) => useOf(config, place, axes, channels),
  };
}

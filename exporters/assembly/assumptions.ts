import type { Model } from '../../graph/ir/model.js';
import {
  ASSUMED_KEY,
  type Assumption,
  type CheckedAssumption,
  OF_PREPARATION,
} from '../../graph/recipe/assumption.js';
import type { Network } from '../backbones/backbone.js';
import { BACKBONE_IDS } from '../backbones/index.js';
import type { NmodeDecoder } from '../decoders/nmode.js';
import { optionKey } from '../decoders/solvers.js';
import type { SettingsInUse } from '../nn/settings.js';
import type { Description, Hints } from './describe.js';

/** The key of `metadata_props` that says how close the network is to its reference, where it was held against one. */
export const VERIFIED_KEY = 'nmode.verified';

/** Those of the network: a reference holds prepared pixels, and tells nothing of how images are prepared. */
export function ofNetwork<T extends Assumption>(assumed: readonly T[]): readonly T[] {
  const ofImages: readonly string[] = [...OF_PREPARATION, 'background'];
  return assumed.filter(({ what }) => !ofImages.includes(what));
}

/** Those of images first: masks depend on them most. */
export function imagesFirst<T extends Assumption>(assumed: readonly T[]): readonly T[] {
  const network = ofNetwork(assumed);
  return [...assumed.filter((each) => !network.includes(each)), ...network];
}

/** Those of the network before its head: logits tell nothing of what follows them. */
export function beforeHead<T extends Assumption>(assumed: readonly T[]): readonly T[] {
  return ofNetwork(assumed).filter(({ option }) => option !== 'head');
}

/** What was taken of a solver's options, and of the activation. */
function assumedChoices(
  { id, activation, solverOptions }: NmodeDecoder,
  { activation: said, solverOptions: given = {} }: Hints,
): readonly Assumption[] {
  const assumed = Object.entries(solverOptions).flatMap(([name, value]): Assumption[] => {
    const option = optionKey(id, name);
    const isSaid = given[name] !== undefined || given[option] !== undefined;
    return isSaid ? [] : [{ what: `${id.toUpperCase()} ${name}`, value, option }];
  });
  if (said !== undefined) return assumed;
  return [...assumed, { what: 'activation between steps', value: activation, option: 'activation' }];
}

/** What was taken for what a checkpoint does not say, the head first. */
export function assumptionsOf(
  { decoder, head }: Pick<Description, 'decoder' | 'head'>,
  hints: Hints,
  settings: SettingsInUse,
  network?: Network,
): readonly Assumption[] {
  const isHeadSaid = hints.head !== undefined || (network?.isSaid && network.own?.activation !== undefined);
  return [
    ...(isHeadSaid ? [] : [{ what: 'head', value: head, option: 'head' }]),
    ...(decoder.id === 'original' ? [] : assumedChoices(decoder, hints)),
    // What a file says of a network says what its code has.
    ...(network?.isSaid && decoder.id === 'original' ? [] : settings.assumed),
    ...(network?.assumed ?? []),
    // Those of a backbone of one's own are defined.
    ...(network !== undefined && !network.isSaid && BACKBONE_IDS.includes(network.backbone)
      ? [{ what: 'strides, dilations and all else', value: `of ${network.backbone}`, option: 'backbone' }]
      : []),
  ];
}

/**
 * The assumptions as a model tells them.
 * @param isVerified whether the network is held against a reference before it is written
 */
export function checkedBy(
  assumed: readonly Assumption[],
  isVerified: boolean,
  provable = ofNetwork(assumed),
): readonly CheckedAssumption[] {
  const isProven = (each: Assumption) => each.verified === true || (isVerified && provable.includes(each));
  return assumed.map((each) => ({ ...each, verified: isProven(each) }));
}

/** A model with its assumptions in its metadata, and the tolerance that it is held to. */
export function withAssumptions(
  model: Model,
  assumed: readonly CheckedAssumption[],
  tolerance?: object,
): Model {
  const metadata = new Map([...model.metadata, [ASSUMED_KEY, JSON.stringify(assumed)]]);
  if (tolerance !== undefined) metadata.set(VERIFIED_KEY, JSON.stringify(tolerance));
  return { ...model, metadata };
}

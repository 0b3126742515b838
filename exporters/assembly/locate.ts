import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Backbone, type Extras, type Network, surplusIn } from '../backbones/backbone.js';
import { BACKBONES, FAMILIES, LIBRARIES, saidBy } from '../backbones/index.js';
import { type KeyView, shapesIn, viewsBelow, wholeViews, withFirsts } from '../nn/key-views.js';
import type { Shapes } from '../nn/weights.js';
import { bestOf, type Fit, fitOf, isNear, misfit } from './recognise.js';

/** A network and where in a state dict it is. */
export interface Location {
  readonly network: Network;
  readonly view: KeyView;
}

/** A decoder beside an encoder: it takes all features, or is one of nmODE that takes more or fewer. */
export type FoundDecoder = 'fitting' | 'of other depth' | 'none';

/** Finds the decoder by the network's own keys. */
export type DecoderOn = (network: Network, shapes: Shapes) => FoundDecoder;

interface Search {
  readonly shapes: Shapes;
  readonly backbones: readonly Backbone[];
  readonly decoderOn: DecoderOn;
  readonly extras: Extras;
  /** What was removed from the beginning of all keys, for messages. */
  readonly removed: string;
  /** All that was looked for, for the message where nothing fits. */
  readonly tried: (() => Fit)[];
}

interface Candidate extends Location {
  readonly complete: boolean;
  readonly fits: boolean;
}

/**
 * Finds the network in a state dict: its keys as they are or, where they are not all there, below whatever prefix. One with
 * a decoder is preferred to an encoder alone, and what stands beside the weights to what keys tell.
 * @param given what the user says it is
 * @param removed what was removed from the beginning of all keys, for messages
 * @param extras what stands beside the weights
 * @throws NmodeError (BAD_CHECKPOINT) where there is none, or several below different prefixes
 */
export function locate(
  file: string,
  shapes: Shapes,
  decoderOn: DecoderOn,
  given?: Backbone,
  removed = '',
  extras: Extras = new Map(),
): Location {
  const said = given ?? saidBy(extras);
  const backbones = said ? [said] : BACKBONES;
  const search: Search = { shapes, decoderOn, extras, removed, backbones, tried: [] };
  const views = wholeViews(shapes.keys());
  const whole = said ? undefined : wholeIn(views, search);
  if (whole !== undefined) return whole;
  const found = firstOf(views, (view) => locateIn(file, view, search));
  if (found?.complete || (found !== undefined && said !== undefined)) return found;
  const family = said ? undefined : firstOf(views, (view) => familyBelow(view, search));
  if (family !== undefined) return family;
  const why = said ? undefined : firstOf(views, (view) => whyUnknownBelow(view, shapes));
  if (why !== undefined) throw new PartOfNetwork('BAD_CHECKPOINT', `${file}: ${why}; ${OTHER_WAYS}`);
  if (found !== undefined) return found;
  const tried = search.tried.map((candidate) => candidate());
  return misfit(file, shapes, tried, said);
}

/** A network of which a part is known, and the other is not, or is not there. */
export class PartOfNetwork extends NmodeError {}

const OTHER_WAYS = "PyTorch's own torch.onnx.export writes others, for nmode optimize or nmode graft";

const whyUnknownBelow = (view: KeyView, shapes: Shapes): string | undefined =>
  firstOf(LIBRARIES, ({ mark, whyUnknown }) =>
    firstOf([view, ...viewsBelow(view, [mark])], (place) =>
      place.names.has(mark) ? whyUnknown(shapesIn(place, shapes)) : undefined,
    ),
  );

/** What is found in the first of some places. */
function firstOf<T, R>(places: readonly T[], find: (place: T) => R | undefined): R | undefined {
  for (const place of places) {
    const found = find(place);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The complete network whose keys are all there is. Some are a part of others that arguments put together, as ResNet-50 is of
 * ResNet-152: where one leaves keys, that with more is meant; where its decoder takes fewer features, one that is used less deep.
 */
function wholeIn(views: readonly KeyView[], search: Search): Candidate | undefined {
  const known = firstOf(views, (view) => complete(candidateIn(view, search.backbones, search)));
  if (known?.fits && !leavesKeys(known)) return known;
  const family = firstOf(views, (view) =>
    firstOf(FAMILIES, (each) => complete(familyAt(view, each, search))),
  );
  if (known === undefined || family === undefined) return known ?? family;
  if (known.fits !== family.fits) return known.fits ? known : family;
  return family.network.keys.size > known.network.keys.size ? family : known;
}

const complete = (candidate: Candidate | undefined) => (candidate?.complete ? candidate : undefined);

/** Whether there are keys in the modules of an encoder that it does not ask for. */
const leavesKeys = ({ network, view }: Location): boolean =>
  surplusIn(network, network.keys, view.names.keys()).length > 0;

/** Keys as a network asks for them: where it holds a weight under several, a file may have kept another of these. */
const viewOf = (view: KeyView, backbone?: Backbone): KeyView =>
  backbone?.firstOf === undefined ? view : withFirsts(view, backbone.firstOf);

/** A network that is put together by arguments, by its keys. */
function familyAt(view: KeyView, family: Backbone, search: Search): Candidate | undefined {
  const isThere = family.matches?.(shapesIn(viewOf(view, family), search.shapes), new Map());
  return isThere ? candidateIn(view, [family], search) : undefined;
}

/** Likewise, wherever its first key is. */
const familyBelow = (view: KeyView, search: Search): Candidate | undefined =>
  firstOf(FAMILIES, (family) =>
    firstOf([view, ...viewsBelow(view, family.stems ?? [])], (place) => familyAt(place, family, search)),
  );

function locateIn(file: string, view: KeyView, search: Search): Candidate | undefined {
  const whole = candidateIn(view, search.backbones, search);
  if (whole?.complete) return whole;
  const within = viewsWithin(view, search.backbones)
    .map(({ place, backbones }) => candidateIn(place, backbones, search))
    .filter((candidate) => candidate !== undefined);
  const [first, ...more] = within.filter(({ complete }) => complete);
  if (first !== undefined && more.length > 0) throw ambiguous(file, [first, ...more], search);
  // An encoder below a prefix may be a copy of one that lacks a key.
  return first ?? whole ?? (within.length > 0 && isNearly(view, search) ? undefined : within[0]);
}

/** Whether most of the keys of a network are there. */
const isNearly = (view: KeyView, { backbones, shapes, extras }: Search): boolean =>
  backbones.some((backbone) => {
    const own = viewOf(view, backbone);
    return isNear(fitOf(backbone, shapesIn(own, shapes), own.prefix, extras));
  });

function candidateIn(stored: KeyView, backbones: readonly Backbone[], search: Search): Candidate | undefined {
  const [only, ...more] = backbones;
  const view = more.length === 0 ? viewOf(stored, only) : stored;
  const shapes = shapesIn(view, search.shapes);
  const fitted = (backbone: Backbone) => fitOf(backbone, shapes, view.prefix, search.extras);
  search.tried.push(...backbones.map((backbone) => () => fitted(backbone)));
  // To construct all of a network takes longer than to look for its first key.
  const possible = backbones.filter(({ stems }) => stems?.some((key) => shapes.has(key)) ?? true);
  const network = bestOf(possible.map(fitted))?.network;
  if (network === undefined) return undefined;
  const decoder = search.decoderOn(network, shapes);
  return { network, view, complete: decoder !== 'none', fits: decoder === 'fitting' };
}

/** Every prefix with the first key of a backbone below it, and the backbones whose key that is. */
function viewsWithin(view: KeyView, backbones: readonly Backbone[]) {
  const places = new Map<string, { place: KeyView; backbones: Backbone[] }>();
  for (const backbone of backbones) {
    for (const place of viewsBelow(view, stemsOf(backbone))) {
      const known = places.get(place.prefix) ?? { place, backbones: [] };
      places.set(place.prefix, { place, backbones: [...known.backbones, backbone] });
    }
  }
  return [...places.values()];
}

/** The first key of a backbone, which those of torchvision have bare as well. */
function stemsOf({ stems, network }: Backbone): readonly string[] {
  if (stems !== undefined) return stems;
  const [first] = network(new Map()).keys.keys();
  return first === undefined ? [] : [...new Set([first, first.replace(/^encoder\./, '')])];
}

/** A checkpoint holds several known networks: which one is meant is to be said. */
export class SeveralNetworks extends NmodeError {}

function ambiguous(file: string, found: readonly Location[], { removed }: Search): SeveralNetworks {
  const places = found.map(({ network, view }) => `${network.backbone} below '${removed}${view.prefix}'`);
  return new SeveralNetworks(
    'BAD_CHECKPOINT',
    `${file}: it holds ${found.length} networks, ${places.join(', ')}: choose one with ${option('prefix')}`,
  );
}

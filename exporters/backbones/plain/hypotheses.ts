import { at } from '../../../graph/common/at.js';
import { legible, listed, type Shapes } from '../../nn/weights.js';
import type { Backbone } from '../backbone.js';
import { alternatives, type Chosen, chosenFor, combinations } from './combinations.js';
import { encodersOf, nmodeChannels, withoutDecoder } from './encoder.js';
import { type Modules, modulesOf } from './modules.js';
import { networkOfPlain, PLAIN_ID } from './network.js';
import { type Stage, unitsOf } from './stage.js';
import { type Wiring, type Wirings, wiringsOf } from './wiring.js';

/** One network that a state dict's shapes allow. */
export interface Hypothesis {
  /** What it is called: the number of its wiring and all that was chosen, with dots between. */
  readonly id: string;
  readonly wiring: Wiring;
  readonly chosen: Chosen;
  readonly backbone: Backbone;
}

export interface Hypotheses {
  /** The most usual first, at most `MAX_HYPOTHESES`. */
  readonly all: readonly Hypothesis[];
  /** Those by whose numbers hypotheses are called. */
  readonly wirings: readonly Wiring[];
  readonly modules: Modules;
  /** How far the convolutions fit each other, where they do not to the end. */
  readonly furthest: readonly Stage[];
}

export const MAX_HYPOTHESES = 300;

/** Fewer convolutions are no U-Net, and more are another network. */
const [LEAST_UNITS, MAX_UNITS] = [5, 128];

/** The plain U-Nets that the shapes of a state dict allow. */
export function hypothesesOf(shapes: Shapes): Hypotheses {
  const { found, furthest, modules } = wiringsIn(shapes);
  const all = found
    .flatMap((wiring, place) =>
      combinations(wiring, MAX_HYPOTHESES).map((chosen) => ({ wiring, chosen, place })),
    )
    .map((each) => ({ ...each, cost: each.wiring.cost + each.chosen.cost }))
    .sort((a, b) => a.cost - b.cost)
    .slice(0, MAX_HYPOTHESES)
    .map(({ wiring, chosen, place }) => hypothesis(wiring, chosen, place + 1));
  return { all, wirings: found, modules, furthest };
}

/** The hypothesis of this id, usual or not. */
export function hypothesisOf({ all, wirings }: Hypotheses, id: string): Hypothesis | undefined {
  const usual = all.find((each) => each.id === id);
  if (usual !== undefined) return usual;
  const number = Number(/^\d+/.exec(id)?.[0]);
  const wiring = wirings[number - 1];
  if (wiring === undefined) return undefined;
  return combinations(wiring)
    .map((chosen) => hypothesis(wiring, chosen, number))
    .find((each) => each.id === id);
}

/** What differs from a hypothesis in one thing: in what was chosen, then in the wiring; the most usual first. */
export function neighboursOf(
  { wiring, chosen }: Hypothesis,
  wirings: readonly Wiring[],
): readonly Hypothesis[] {
  const number = wirings.indexOf(wiring) + 1;
  const chosenOtherwise = [...alternatives(wiring, chosen)].sort((a, b) => a.cost - b.cost);
  const wiredOtherwise = wirings.flatMap((other, place) => {
    if (other === wiring) return [];
    const same = chosenFor(other, chosen);
    return same === undefined ? [] : [hypothesis(other, same, place + 1)];
  });
  return [...chosenOtherwise.map((each) => hypothesis(wiring, each, number)), ...wiredOtherwise];
}

/** The wirings of a state dict: of a whole network, or of the encoder in front of an nmODE decoder. */
export function wiringsIn(shapes: Shapes): Wirings & Pick<Hypotheses, 'modules'> {
  const channels = nmodeChannels(shapes);
  const modules = modulesOf(channels === undefined ? shapes : withoutDecoder(shapes));
  const { units, strange } = modules;
  if (strange.length > 0 || units.length === 0 || units.length > MAX_UNITS)
    return { modules, found: [], furthest: [] };
  return { modules, ...(channels === undefined ? wiringsOf(units) : encodersOf(units, channels)) };
}

function hypothesis(wiring: Wiring, chosen: Chosen, number: number): Hypothesis {
  const { choices, asked } = chosen;
  const id = [number, ...asked.map((name) => choices[name])].join('.');
  const backbone: Backbone = {
    id: PLAIN_ID,
    network: () => networkOfPlain({ wiring, choices }, PLAIN_ID, { structure: id }),
  };
  return { id, wiring, chosen, backbone };
}

/** What two hypotheses differ in, in their words. */
export function differencesOf(a: Hypothesis, b: Hypothesis): readonly string[] {
  const { asked, choices } = a.chosen;
  const differing = asked.filter((name) => choices[name] !== b.chosen.choices[name]);
  const words = differing.map((name) => `${choices[name]} or ${b.chosen.choices[name]}`);
  return a.wiring === b.wiring ? words : [...words, wiringDifference(a.wiring, b.wiring)];
}

function wiringDifference({ stages }: Wiring, other: Wiring): string {
  const place = stages.findIndex((stage, index) => textOf(stage) !== textOf(at(other.stages, index)));
  if (place < 0) return 'the same wiring';
  return `${at(stages, place).unit.path} or ${at(other.stages, place).unit.path} as convolution ${place + 1}`;
}

const textOf = ({ unit, pooled, doubled, skip, plus, shortcut }: Stage) =>
  [unit.path, pooled, doubled, skip, plus, shortcut?.unit.path, shortcut?.from].join();

/** Why there is no hypothesis, with the keys; undefined for what looks like no plain network at all. */
export function faultOf({ modules: { units, strange }, furthest }: Hypotheses): string | undefined {
  if (units.length < LEAST_UNITS || strange.length > units.length) return undefined;
  if (strange.length > 0) {
    return `${listed(strange.length === 1 ? 'key' : 'keys', strange)} of no convolution, norm or PReLU`;
  }
  const last = furthest.at(-1);
  const used = new Set(unitsOf(furthest));
  const left = units.filter((unit) => !used.has(unit)).map(({ path }) => `${path}.weight`);
  if (last === undefined || left.length === 0) return 'no level of it is joined with another, as in a U-Net';
  return `behind ${legible(last.unit.path)}, which gives ${last.output} channels, nothing takes them with or without a skip; ${listed('left', left)}: a layer may be missing, made anew at each call, or unused`;
}

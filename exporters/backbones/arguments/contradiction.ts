import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { pick } from '../../../graph/common/pick.js';
import { shapeText } from '../../../graph/ir/dim.js';
import { legible, type Shapes } from '../../nn/weights.js';
import { type NamedArguments, type Network, ownKeys, surplusIn } from '../backbone.js';
import { type Arguments, textOf } from './arguments.js';

/** What is said of a network, and what its weights are. */
export interface Claims {
  readonly args: Arguments;
  readonly shapes: Shapes;
  /** The arguments that shapes tell. */
  found(): NamedArguments;
  /** The network of some arguments. @throws NmodeError for those that there cannot be */
  network(args: Arguments): Network;
}

/** What keys do not tell where it is refused: layers that are not written have those of others. */
const LAYERS = ['decoder_use_norm', 'norm', 'act', 'norm_op', 'nonlin'];

/**
 * The network that is said, and where the weights are not its own, why.
 * @throws NmodeError as `network`, with what the weights have where that is another
 */
export function claimedNetwork(claims: Claims): Network {
  try {
    return { ...claims.network(claims.args), contradiction: () => contradictionIn(claims) };
  } catch (error) {
    if (!(error instanceof NmodeError)) throw error;
    const differing = differingIn(claims, LAYERS);
    if (differing.length === 0) throw error;
    const shown = differing.map(({ name, value }) => `${name} ${textOf(value)}`);
    throw new NmodeError(error.code, `${error.message}; the weights have ${shown.join(', ')}`, {
      cause: error,
    });
  }
}

function contradictionIn(claims: Claims): NmodeError | undefined {
  const claimed = differingIn(claims).map(({ name, value, misfit }) => {
    const { code, text } = claims.args.claim([name]);
    const seen = misfit === undefined ? '' : ` (${misfit})`;
    return { code, text: `${text}, the weights have ${textOf(value)}${seen}` };
  });
  const [first] = claimed;
  if (first === undefined) return undefined;
  const texts = claimed.map(({ text }) => text).join('; ');
  if (first.code === 'BAD_USAGE') return new NmodeError(first.code, texts);
  const way = `they are of another training, or ${option('backboneArguments')} says otherwise`;
  return new NmodeError(first.code, `${texts}: ${way}`);
}

/** An argument of which the weights have another value than is said. */
interface Differing {
  readonly name: string;
  readonly value: unknown;
  /** A key that tells, where the network can be built with what is said. */
  readonly misfit: string | undefined;
}

/**
 * The arguments that are why weights do not fit: with the values that shapes tell of them they do, all of them. None where the weights are
 * of another network, or not all there.
 * @param left names that are left as they are said
 */
function differingIn(
  { args, shapes, found, network }: Claims,
  left: readonly string[] = [],
): readonly Differing[] {
  const { said } = args;
  if (shapes.size === 0 || Object.keys(said).length === 0) return [];
  const shown = found();
  const misfitsWith = (names: readonly string[]) => {
    try {
      return misfitsOf(network(args.saying({ ...said, ...pick(shown, names) })), shapes);
    } catch (error) {
      if (error instanceof NmodeError) return [undefined];
      throw error;
    }
  };
  const fits = (names: readonly string[]) => misfitsWith(names).length === 0;
  const without = (names: readonly string[], name: string) => names.filter((other) => other !== name);
  const others = Object.keys(shown).filter(
    (name) =>
      shown[name] !== undefined &&
      !left.includes(name) &&
      JSON.stringify(said[name]) !== JSON.stringify(shown[name]),
  );
  if (others.length === 0 || !fits(others)) return [];
  const needed = others.reduce<readonly string[]>(
    (names, name) => (fits(without(names, name)) ? without(names, name) : names),
    others,
  );
  return needed.map((name) => ({
    ...{ name, value: shown[name] },
    misfit: misfitsWith(without(needed, name))[0],
  }));
}

/** How the keys of a network with its own decoder differ from those that are there. */
function misfitsOf(network: Network, shapes: Shapes): readonly string[] {
  const { keys, own } = network;
  const wanted = new Map([...keys, ...(own === undefined ? [] : ownKeys(network, own))]);
  const others = [...wanted].flatMap(([key, shape]) => {
    const stored = shapes.get(key);
    if (stored === undefined) return [`${key} is missing`];
    if (shapeText(stored) === shapeText(shape)) return [];
    return [`${key} is ${shapeText(stored)}, expected ${shapeText(shape)}`];
  });
  const surplus = surplusIn(network, wanted, shapes.keys());
  return [...others, ...surplus.map((key) => `${legible(key)} is left over`)];
}

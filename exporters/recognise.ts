import { shapeText } from '../graph/dim.js';
import { NmodeError } from '../graph/errors.js';
import type { Backbone, Network } from './backbones/backbone.js';
import { BACKBONES } from './backbones/index.js';
import { listed, type Shapes } from './weights.js';

/** How far a checkpoint's keys are those that a network asks for. */
interface Fit {
  readonly network: Network;
  readonly matched: number;
  readonly missing: readonly string[];
  readonly misshapen: readonly string[];
}

function fitOf(backbone: Backbone, shapes: Shapes): Fit {
  const network = backbone.network(shapes);
  const [missing, misshapen]: [string[], string[]] = [[], []];
  for (const [key, wanted] of network.keys) {
    const found = shapes.get(key);
    if (found === undefined) missing.push(key);
    else if (shapeText(found) !== shapeText(wanted)) {
      misshapen.push(`${key} is ${shapeText(found)}, expected ${shapeText(wanted)}`);
    }
  }
  return { network, matched: network.keys.size - missing.length - misshapen.length, missing, misshapen };
}

const fits = ({ missing, misshapen }: Fit): boolean => missing.length + misshapen.length === 0;

/** The share of a network's keys that are there: what is closest has the largest. */
const share = ({ network, matched }: Fit): number => matched / network.keys.size;

function difference(fit: Fit): string {
  const { network, matched, missing, misshapen } = fit;
  return [
    `${matched} of the ${network.keys.size} keys of ${network.backbone}'s encoder fit`,
    ...(missing.length > 0 ? [listed('missing', missing)] : []),
    ...(misshapen.length > 0 ? [listed('misshapen', misshapen)] : []),
  ].join('; ');
}

/**
 * The network that a checkpoint is of: the one whose keys are all there, and of several the one with the most.
 * @param told what the user says it is
 * @throws NmodeError (BAD_CHECKPOINT) with the closest network and the first keys that differ
 */
export function recognise(file: string, shapes: Shapes, told?: Backbone): Network {
  const expected = told && fitOf(told, shapes);
  if (expected !== undefined && fits(expected)) return expected.network;
  const all = BACKBONES.map((backbone) => fitOf(backbone, shapes));
  const [fitting] = all.filter(fits).sort((a, b) => b.matched - a.matched);
  const bad = (message: string) => new NmodeError('BAD_CHECKPOINT', `${file}: ${message}`);
  if (expected !== undefined) {
    const other = fitting === undefined ? '' : ` but of ${fitting.network.backbone}`;
    throw bad(`its keys are not those of ${expected.network.backbone}${other}: ${difference(expected)}`);
  }
  if (fitting !== undefined) return fitting.network;
  const [closest] = all.sort((a, b) => share(b) - share(a));
  if (closest !== undefined && closest.matched > 0) {
    throw bad(`no known network; the closest is ${closest.network.backbone}: ${difference(closest)}`);
  }
  const keys = [...shapes.keys()];
  const known = BACKBONES.map(({ id }) => id).join(', ');
  throw bad(
    `no known network (known: ${known}); its ${keys.length} keys begin ${keys.slice(0, 4).join(', ')}`,
  );
}

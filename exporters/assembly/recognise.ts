import { NmodeError } from '../../graph/common/errors.js';
import { shapeText } from '../../graph/ir/dim.js';
import type { Backbone, Extras, Network } from '../backbones/backbone.js';
import { BACKBONES, FAMILIES } from '../backbones/index.js';
import { listed, SAVE_WHOLE, type Shapes } from '../nn/weights.js';

/** How far a checkpoint's keys are those that a network asks for. */
export interface Fit {
  readonly network: Network;
  readonly matched: number;
  readonly missing: readonly string[];
  readonly misshapen: readonly string[];
  /** What the keys begin with where the network was looked for; '' for nothing. */
  readonly prefix: string;
}

export function fitOf(backbone: Backbone, shapes: Shapes, prefix = '', extras?: Extras): Fit {
  const network = backbone.network(shapes, extras);
  const [missing, misshapen]: [string[], string[]] = [[], []];
  for (const [key, wanted] of network.keys) {
    const found = shapes.get(key);
    if (found === undefined) missing.push(key);
    else if (shapeText(found) !== shapeText(wanted)) {
      misshapen.push(`${key} is ${shapeText(found)}, expected ${shapeText(wanted)}`);
    }
  }
  const matched = network.keys.size - missing.length - misshapen.length;
  return { network, matched, missing, misshapen, prefix };
}

const fits = ({ missing, misshapen }: Fit): boolean => missing.length + misshapen.length === 0;

/** Of several that fit, the one with the most keys. */
export function bestOf(all: readonly Fit[]): Fit | undefined {
  return all.filter(fits).sort((a, b) => b.matched - a.matched)[0];
}

/** The share of a network's keys that are there: what is closest has the largest. */
const share = ({ network, matched }: Fit): number => matched / network.keys.size;

/** Whether some of its keys may be missing: with fewer it is another network. */
export const isNear = (fit: Fit): boolean => share(fit) > 1 / 2;

function difference(fit: Fit): string {
  const { network, matched, missing, misshapen } = fit;
  return [
    `${matched} of the ${network.keys.size} keys of ${network.backbone}'s encoder fit`,
    ...(missing.length > 0 ? [listed('missing', missing)] : []),
    ...(misshapen.length > 0 ? [listed('misshapen', misshapen)] : []),
  ].join('; ');
}

const below = ({ prefix }: Fit): string => (prefix === '' ? '' : ` below '${prefix}'`);

/** Keys that are those of no network, and most of one. */
export class NearMissError extends NmodeError {
  /** @param near which one, and what of it is not there */
  constructor(
    message: string,
    readonly near: string,
  ) {
    super('BAD_CHECKPOINT', message);
  }
}

/** What a message says before its end, which must not be cut off. */
const MAX_DIFFERENCE = 380;

const WAYS_ON =
  "write its encoder with defineBackbone (docs/backbones.md), or export it with PyTorch's torch.onnx.export and use nmode graft or nmode optimize";

/**
 * Refuses a checkpoint whose keys are those of no network, with the closest one and the first keys that differ.
 * @param tried the networks that were looked for, and where
 * @param given what the user says it is
 * @throws NmodeError (BAD_CHECKPOINT)
 */
export function misfit(file: string, shapes: Shapes, tried: readonly Fit[], given?: Backbone): never {
  const bad = (message: string) => new NmodeError('BAD_CHECKPOINT', `${file}: ${message}`);
  const [closest] = tried.filter((fit) => !fits(fit)).sort((a, b) => share(b) - share(a));
  if (given !== undefined && closest !== undefined) {
    const contradiction = closest.network.contradiction?.();
    if (contradiction !== undefined) throw contradiction;
    const families = FAMILIES.filter(({ matches }) => matches?.(shapes, new Map()));
    const known = [...BACKBONES, ...families].filter(({ id }) => id !== given.id);
    const fitting = bestOf(known.map((backbone) => fitOf(backbone, shapes)));
    const other = fitting === undefined ? '' : ` but of ${fitting.network.backbone}`;
    const { backbone, origin } = closest.network;
    const named = origin === undefined ? backbone : `${backbone}, ${origin}`;
    const way = isNear(closest) ? SAVE_WHOLE : 'give weights of that network, or leave out what says it';
    throw bad(`its keys${below(closest)} are not those of ${named}${other}: ${difference(closest)}; ${way}`);
  }
  if (closest !== undefined && closest.matched > 0) {
    const full = `the closest is ${closest.network.backbone}${below(closest)}: ${difference(closest)}`;
    const near = full.length > MAX_DIFFERENCE ? `${full.slice(0, MAX_DIFFERENCE)}...` : full;
    if (!isNear(closest)) throw bad(`no known network; ${near}; ${WAYS_ON}`);
    const message = `${file}: no known network; ${near}; where it is that, ${SAVE_WHOLE}; else ${WAYS_ON}`;
    throw new NearMissError(message, near);
  }
  const keys = [...shapes.keys()].map((key) => key.slice(0, 60));
  const known = BACKBONES.map(({ id }) => id).join(', ');
  throw bad(
    `no known network (known: ${known}); its ${keys.length} keys begin ${keys.slice(0, 3).join(', ')}; ${WAYS_ON}`,
  );
}

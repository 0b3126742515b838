import type { Shapes } from '../nn/weights.js';
import type { Order } from './block.js';
import { type DecoderKeys, RELEASE_KEYS } from './keys.js';
import { publishedForm, SOLVER_IDS, SOLVERS, type SolverId } from './solvers.js';
import { type NmodeVariant, RELEASE } from './variant.js';

/** What the keys of an nmODE decoder tell of it. */
export interface DetectedNmode {
  readonly variant: NmodeVariant;
  /** Those with these keys; some solvers have the same. */
  readonly decoders: readonly SolverId[];
  readonly steps: number;
  /** The key of the weight that ends it. */
  readonly head: string;
  /** Absent where `headFault` says why. */
  readonly classes: number | undefined;
}

/** Undefined where there is no nmODE decoder. */
export function detectNmode(shapes: Shapes): DetectedNmode | undefined {
  const isThere = (keys?: DecoderKeys) => keys !== undefined && orderOf(shapes, keys) !== undefined;
  const own = SOLVER_IDS.find((id) => isThere(publishedForm(id).keys));
  const { keys = RELEASE_KEYS } = own === undefined ? {} : publishedForm(own);
  const order = orderOf(shapes, keys);
  if (order === undefined) return undefined;
  const g = keys.convolution(1, 'g');
  // A weight of too few axes is reported as misshapen, beside the release's shape.
  const weight = shapes.get(`${g}.weight`) ?? shapes.get(`${g}.0.weight`);
  const [stateChannels = RELEASE.stateChannels(1), , kernel = RELEASE.kernel] = weight ?? [];
  const names = [...shapes.keys()];
  const steps = names.reduce((most, key) => Math.max(most, keys.stepOf(key) ?? most), 0);
  const head = `${keys.head(steps)}.weight`;
  return {
    variant: { order, kernel, stateChannels, ...(own && { keys }) },
    decoders: own === undefined ? solversOf(names) : [own],
    ...{ steps, head, classes: shapes.get(head)?.[0] || undefined },
  };
}

/** The solvers whose convolutions are all among the release's keys, of those the ones with the most. */
function solversOf(keys: readonly string[]): readonly SolverId[] {
  const isThere = (name: string) => {
    const pattern = new RegExp(`^up\\d+\\.${name}\\.`);
    return keys.some((key) => pattern.test(key));
  };
  const fitting = SOLVERS.filter(({ weights }) => weights.every(isThere));
  const most = Math.max(...fitting.map(({ weights }) => weights.length));
  return fitting.filter(({ weights }) => weights.length === most).map(({ id }) => id);
}

/** The order, by the keys of step 1; undefined where there are none. */
function orderOf(shapes: Shapes, keys: DecoderKeys): Order | undefined {
  const [g, sigma] = [keys.convolution(1, 'g'), keys.sigma(1)];
  if (shapes.has(`${g}.weight`)) {
    if (shapes.has(`${sigma}.0.weight`)) return 'C_BR';
    return [...shapes.keys()].some((key) => key.startsWith(`${sigma}.`)) ? 'C_RB' : 'C_R';
  }
  if (shapes.has(`${g}.0.weight`)) return shapes.has(`${g}.1.weight`) ? 'CB_R' : 'CR_B';
  return undefined;
}

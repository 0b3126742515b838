import { at } from '../../../graph/common/at.js';
import type { Shapes } from '../../nn/weights.js';
import type { Unit } from './modules.js';
import { searchPaths } from './path.js';
import { endsModule, type Stage } from './stage.js';
import type { Wiring, Wirings } from './wiring.js';

/** What an nmODE decoder is made of; all else is its encoder's. */
const DECODER_KEY = /^(up\d+\.(g|g_post|sigma)|outc\.conv)\./;

const MAX_WIRINGS = 24;

/** What it costs that a level ends within a module. */
const INSIDE = 2;

/** The channels that an nmODE decoder's steps take, deep to shallow; undefined where there is no such decoder. */
export function nmodeChannels(shapes: Shapes): readonly number[] | undefined {
  const channels: number[] = [];
  for (;;) {
    const step = `up${channels.length + 1}.g`;
    const weight = shapes.get(`${step}.weight`) ?? shapes.get(`${step}.0.weight`);
    if (weight?.[1] === undefined) return channels.length > 0 ? channels : undefined;
    channels.push(weight[1]);
  }
}

/** The shapes of what is in front of an nmODE decoder. */
export const withoutDecoder = (shapes: Shapes): Shapes =>
  new Map([...shapes].filter(([key]) => !DECODER_KEY.test(key)));

/** Every encoder whose levels end with these channels, deep to shallow, the most usual first. */
export function encodersOf(units: readonly Unit[], channels: readonly number[]): Wirings {
  const { paths, furthest } = searchPaths(units, MAX_WIRINGS);
  const found = paths
    .filter(({ stages }) => stages.every(({ skip, transposed }) => skip === undefined && !transposed))
    .flatMap(({ stages, cost }) =>
      levelEnds(stages, channels).map((ends): Wiring => {
        const pooled = new Set(ends.slice(0, -1));
        const inside = ends.slice(0, -1).filter((end) => !endsModule(stages, end)).length;
        return {
          stages: stages.map((stage, index) => (pooled.has(index) ? { ...stage, pooled: 'behind' } : stage)),
          bottom: stages.length - 1,
          depth: ends.length - 1,
          features: ends,
          cost: cost + INSIDE * inside,
        };
      }),
    );
  return { found: found.sort((a, b) => a.cost - b.cost).slice(0, MAX_WIRINGS), furthest };
}

/** The stages that levels may end with, shallow to deep; the last one is that of the deepest. */
function levelEnds(stages: readonly Stage[], channels: readonly number[]): readonly (readonly number[])[] {
  const [deepest, ...others] = channels;
  if (at(stages, stages.length - 1).output !== deepest) return [];
  let open: readonly (readonly number[])[] = [[stages.length - 1]];
  for (const width of others) {
    open = open.flatMap((ends) =>
      stages
        .slice(0, at(ends, 0))
        .flatMap(({ output }, index) => (output === width ? [[index, ...ends]] : []))
        .slice(-2),
    );
  }
  return open;
}

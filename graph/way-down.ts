import type { Feature, Located } from './features.js';

/** Pooling gives one pixel for the whole image, however large that is: it is no resolution of its own. */
const isPooled = ({ type }: Located): boolean => type?.shape.slice(2).every((size) => size === 1) === true;

/**
 * The last tensor at each resolution on the way down, shallow to deep: what a U-like decoder would take. At the deepest one it
 * is the last of those with the most channels, since what narrows there is a decoder or a head already.
 * @param tensors in the order in which they are computed
 */
export function lastOnTheWayDown(tensors: readonly Located[]): readonly Feature[] {
  const levels: Feature[][] = [];
  let deepest = 0;
  for (const located of tensors) {
    const { feature } = located;
    if (feature === undefined || feature.scale < deepest || isPooled(located)) continue;
    if (feature.scale > deepest) levels.push([]);
    levels.at(-1)?.push(feature);
    deepest = feature.scale;
  }
  const bottom = levels.pop() ?? [];
  const most = bottom.reduce((widest, { channels }) => Math.max(widest, channels), 0);
  const last = [...levels.map((level) => level.at(-1)), bottom.findLast(({ channels }) => channels === most)];
  return last.filter((feature) => feature !== undefined);
}

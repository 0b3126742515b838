import type { Tiling } from '../../../runtime/images/courses/course.js';
import { note } from './notes.js';

/** Says on standard error that an image was run in tiles, what that changes, and what avoids it. */
export function noteTiles(image: string, { tiles, width, height, wholeBudget, approximate }: Tiling): void {
  const budget = Math.ceil(wholeBudget / 1e6);
  const change =
    approximate === undefined
      ? 'with the same masks as the whole image'
      : `whose masks may differ from those of the whole image (${approximate})`;
  note(
    `${image}: run in ${tiles} tiles of ${width}x${height}, ${change}; --memory-budget ${budget} runs it whole`,
  );
}

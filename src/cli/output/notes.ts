import type { Tiling } from '../../../runtime/images/courses/course.js';
import type { ProviderReport } from '../../../runtime/node/sessions/session.js';
import { fallbackText } from '../../reports/figures.js';
import { printable } from './print.js';

/** A line on standard error of what is to be known. Those of errors alone begin with `nmode:`. */
export function note(text: string): void {
  process.stderr.write(`${printable(`note: ${text}`)}\n`);
}

/** The same of what may be wrong with a result. */
export function warn(text: string): void {
  process.stderr.write(`${printable(`warning: ${text}`)}\n`);
}

/**
 * Says on standard error that another provider than the first asked for was used, and why.
 * @param model its name, where there may be several
 */
export function noteFallback(report: ProviderReport, model?: string): void {
  const text = fallbackText(report);
  if (text !== undefined) warn(model === undefined ? text : `${model}: ${text}`);
}

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

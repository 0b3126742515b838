import type { Tiling } from '../../../runtime/images/courses/course.js';
import type { ProviderReport } from '../../../runtime/node/sessions/session.js';
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
export function noteFallback({ requested, effective, attempts }: ProviderReport, model?: string): void {
  if (attempts.length === 0 || requested[0] === 'auto') return;
  const passed = attempts.map(({ provider, error }) => `not on ${provider}: ${error}`);
  const name = model === undefined ? '' : `${model}: `;
  warn(`${name}${[`ran on ${effective}`, ...passed].join('; ')}`);
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

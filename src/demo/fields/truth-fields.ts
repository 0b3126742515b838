import { NmodeError } from '../../../graph/common/errors.js';
import type { TruthReading } from '../../../runtime/truth/truth.js';
import { input } from '../elements.js';

/** How the page's fields say that truth is read. @throws NmodeError (BAD_USAGE) for what is neither label nor colour */
export function readingOf(): TruthReading {
  const [foreground, ignored] = [input('truth-foreground').value.trim(), input('truth-ignored').value.trim()];
  return { ...foregroundOf(foreground), ...(ignored !== '' && { ignoreLabel: labelOf(ignored, 'a label') }) };
}

function foregroundOf(text: string): TruthReading {
  if (text === '') return {};
  const [red, green, blue, ...rest] = text
    .split(',')
    .map((part) => labelOf(part.trim(), 'a label, or a colour R,G,B'));
  if (red !== undefined && green === undefined) return { truthLabel: red };
  if (red === undefined || green === undefined || blue === undefined || rest.length > 0) {
    throw new NmodeError('BAD_USAGE', `'${text}' is neither a label nor a colour R,G,B`);
  }
  return { truthColour: [red, green, blue] };
}

function labelOf(text: string, expected: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new NmodeError('BAD_USAGE', `'${text}' is no whole number from 0 to 65535: expected ${expected}`);
  return Number(text);
}

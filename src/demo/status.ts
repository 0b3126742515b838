/** What the page says of what it is doing. */
import { reason } from '../../graph/common/errors.js';
import type { LoadProgress } from '../web.js';
import { element } from './elements.js';
import { progressOf } from './reports.js';

const statusLine = element('status', HTMLElement);
const alertLine = element('alert', HTMLElement);
const bar = element('progress', HTMLProgressElement);

/** What the page is doing; styles and tests see it. */
type State = 'loading' | 'ready' | 'segmenting' | 'done' | 'failed';

export function say(state: State, text: string): void {
  document.body.dataset.state = state;
  // Said again, it would be heard again.
  if (statusLine.textContent !== text) statusLine.textContent = text;
  bar.hidden = state !== 'loading' && state !== 'segmenting';
  bar.removeAttribute('value');
  bar.setAttribute('aria-label', text);
  element('loaded', HTMLElement).textContent = '';
}

/** Says how far loading is. */
export function sayProgress(progress: LoadProgress): void {
  const { text, loaded = '', share } = progressOf(progress);
  say('loading', text);
  element('loaded', HTMLElement).textContent = loaded;
  if (share !== undefined) bar.value = share;
}

/** One sentence of what is wrong; nothing where all is well. */
export function warn(problem: string): void {
  alertLine.textContent = problem;
}

/** What was last wrong. */
export const warning = () => alertLine.textContent ?? '';

export const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';

/** One clear sentence of an error, unless what failed was stopped by what came after it. */
export function warnOf(error: unknown): void {
  if (!isAbort(error)) warn(reason(error));
}

/** The same where nothing can be shown. */
export function tell(error: unknown): void {
  if (isAbort(error)) return;
  warnOf(error);
  say('failed', '');
}

import { printable } from './print.js';

/** A line on standard error of what is to be known. Those of errors alone begin with `nmode:`. */
export function note(text: string): void {
  process.stderr.write(`${printable(`note: ${text}`)}\n`);
}

/** The same of what may be wrong with a result. */
export function warn(text: string): void {
  process.stderr.write(`${printable(`warning: ${text}`)}\n`);
}

import { NmodeError } from '../../../graph/common/errors.js';

export function overloaded(why: string): NmodeError {
  return new NmodeError('OVERLOADED', `the server is busy: ${why}: try again later`);
}

/**
 * What does not come in time.
 * @param takes milliseconds that it takes about without others; 0 where that is not known
 */
export function tooShort(within: number, takes: number, images = 1): NmodeError {
  const what = images === 1 ? 'an image takes' : `${images} images take`;
  const why =
    takes === 0 ? '' : `: ${what} about ${Math.ceil(takes)} ms${takes > within ? '' : ' without others'}`;
  return new NmodeError('DEADLINE', `no response within ${within} ms${why}`);
}

/**
 * Refuses what is not expected in time, in milliseconds.
 * @param alone what it takes about without others
 * @throws NmodeError: DEADLINE where that is too long already, else OVERLOADED
 */
export function refuseLate(within: number, expected: number, alone: number): void {
  if (expected <= within) return;
  if (alone > within) throw tooShort(within, alone);
  throw overloaded(`it would take about ${Math.ceil(expected)} ms, and the deadline is ${within} ms`);
}

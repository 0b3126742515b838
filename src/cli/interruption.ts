import { NmodeError } from '../../graph/errors.js';

/** Aborts at the first Ctrl-C, so that nothing half-written is left; a second one ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort(new NmodeError('INTERRUPTED', 'interrupted')));
  return controller.signal;
}

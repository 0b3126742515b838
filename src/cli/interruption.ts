import { NmodeError } from '../../graph/errors.js';

/** Aborts at the first Ctrl-C or request to end, so that nothing half-written is left; a second one ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(new NmodeError('INTERRUPTED', 'interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, abort);
  return controller.signal;
}

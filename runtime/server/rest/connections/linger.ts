import type { Socket } from 'node:net';

/** Milliseconds after the last byte that moves in which a client can take its answer, and those for all of it. */
const [LINGER, MAX_LINGER] = [2000, 60_000];

/**
 * Ends a connection whose client may still be sending: many look for an answer only once they have sent all. Destroyed at
 * once, it would be reset, and its client might lose the answer.
 * @param last what is sent before
 * @param within milliseconds after the last byte that comes or goes
 * @param most milliseconds
 */
export function endGently(socket: Socket, last = '', within = LINGER, most = MAX_LINGER): void {
  if (socket.destroyed || socket.writableEnded) return;
  socket.end(last);
  socket.setTimeout(within, () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), most).unref();
  socket.once('close', () => clearTimeout(timer));
}

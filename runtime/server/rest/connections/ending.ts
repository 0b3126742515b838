import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Closes the connections of a server that ends once it has answered what it accepted. Left to itself Node waits for those on
 * which a request or a handshake has begun, and no longer looks how long that takes.
 */
export function closeWhenAnswered(app: FastifyInstance): void {
  const sockets = new Set<Socket>();
  let underWay = 0;
  let ending = false;
  const closeIfAnswered = () => {
    if (ending && underWay === 0) for (const socket of sockets) socket.destroy();
  };
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.server.on('request', (_, response) => {
    underWay++;
    response.once('close', () => {
      underWay--;
      closeIfAnswered();
    });
  });
  app.addHook('preClose', async () => {
    ending = true;
    app.log.info({ requests: underWay }, 'ending');
    // By then it takes no more connections.
    setImmediate(closeIfAnswered);
  });
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { type ServeOptions, type Server, serve } from '../../src/api/serve.js';
import { COLOURS, pixelwiseBytes, UNIT } from './pixelwise.js';
import { type Sent, sendTo } from './served.js';

/**
 * A server of two models that cost nothing, for the tests of a file: `small` takes 8 x 8 pixels, as images too, `large` 256 x 256.
 * Both give three logits a pixel.
 */
export function tinyServer(options: Omit<ServeOptions, 'models'> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-tiny-'));
  const sockets: Socket[] = [];
  let server: Server;
  beforeAll(async () => {
    const metadata = { 'nmode.recipe': UNIT };
    const models = [
      ['small', { ...COLOURS, metadata }],
      ['large', { ...COLOURS, side: 256 }],
    ] as const;
    for (const [name, model] of models) writeFileSync(join(folder, `${name}.onnx`), pixelwiseBytes(model));
    const files = models.map(([name]) => join(folder, `${name}.onnx`));
    server = await serve({ models: files, port: 0, workers: 1, head: 'softmax', ...options });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const connected = (): Socket => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  return {
    /** Where it serves over gRPC. */
    grpc: () => server.grpc ?? '',
    send: (path: string, sent?: Sent) => sendTo(server.url + path, sent),
    connected,
    close: () => server.close(),
    /** All that comes for bytes that are sent as they are, until the server ends the connection. */
    async exchange(...parts: readonly (string | Uint8Array)[]): Promise<string> {
      const socket = connected();
      for (const part of parts) socket.write(part);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk);
      return Buffer.concat(chunks).toString('latin1');
    },
    async metric(name: string): Promise<number> {
      const text = Buffer.from((await sendTo(`${server.url}/metrics`)).bytes).toString();
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length),
      );
    },
  };
}

/** A request of tensors as JSON, of so many pixels a side. */
export function pixels(side: number, value = 0.5, others: object = {}): string {
  const data = new Array<number>(3 * side * side).fill(value);
  return JSON.stringify({
    inputs: [{ name: 'input', shape: [1, 3, side, side], datatype: 'FP32', data }],
    ...others,
  });
}

import { ReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import Negotiator from 'negotiator';

/** Of zlib's 11: a page is compressed while somebody waits for it. */
const BROTLI_QUALITY = 4;

const [brotli, gzipped] = [promisify(brotliCompress), promisify(gzip)];

/** How files are compressed, the smallest first. */
const CODINGS = {
  br: (bytes: Buffer) => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (bytes: Buffer) => gzipped(bytes),
} as const;
type Coding = keyof typeof CODINGS;

/** Types of files that compression makes smaller: images are compressed already. */
const COMPRESSIBLE = /^text\/|javascript|json|svg|wasm|octet-stream/;

/** Compresses the files that the routes of a scope send, each once: WebAssembly of 16 MB takes a core for a second. */
export function compressFiles(app: FastifyInstance): void {
  const compressed = new Map<string, Promise<Buffer>>();
  app.addHook('onSend', async (request, reply, payload) => {
    if (!(payload instanceof ReadStream) || reply.statusCode !== 200) return payload;
    if (!COMPRESSIBLE.test(String(reply.getHeader('content-type')))) return payload;
    reply.header('vary', 'accept-encoding');
    const coding = codingOf(request.headers['accept-encoding']);
    if (coding === undefined) return payload;
    payload.destroy();
    const path = String(payload.path);
    const key = [coding, reply.getHeader('etag'), path].join(' ');
    const bytes = compressed.get(key) ?? readFile(path).then(CODINGS[coding]);
    compressed.set(key, bytes);
    bytes.catch(() => compressed.delete(key));
    reply.header('content-encoding', coding).removeHeader('content-length');
    return bytes;
  });
}

/** The best coding that the header Accept-Encoding takes (RFC 9110, 12.5.3); undefined for none. */
function codingOf(accepted = ''): Coding | undefined {
  const codings = Object.keys(CODINGS) as Coding[];
  const taken = new Negotiator({ headers: { 'accept-encoding': accepted } }).encodings(codings);
  return codings.find((coding) => taken.includes(coding));
}

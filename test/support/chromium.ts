import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Debian's. */
export const CHROMIUM = '/usr/bin/chromium';

/** Nothing over the network, and a camera that is a moving picture. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

/** A graphics card in software. */
const WEBGPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--ignore-gpu-blocklist',
];

export const isThere = existsSync(CHROMIUM);

export function launch({ webgpu = true } = {}): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...(webgpu ? WEBGPU : [])] });
}

/** What a page told on its console that is no mere information, as it comes. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return complaints;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
};

export const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** What is served: folders by the path that they have, and files that are made up, or null for those that are lacking. */
export interface Served {
  readonly folders?: Readonly<Record<string, string>>;
  readonly files?: ReadonlyMap<string, Uint8Array | string | null>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves files on a port of its own, with an empty page at /. */
export async function serve({ folders = {}, files, headers = ISOLATION }: Served): Promise<Host> {
  const find = (path: string): Uint8Array | string | undefined => {
    const made = files?.get(path);
    if (made !== undefined) return made ?? undefined;
    const folder = Object.keys(folders).find((prefix) => path.startsWith(prefix));
    const file = folder && join(folders[folder] ?? '', path.slice(folder.length));
    return file && existsSync(file) ? readFileSync(file) : undefined;
  };
  const server = createServer(({ url = '/' }, response) => {
    // For those who want to wait.
    if (url === '/never') return;
    const pathname = decodeURIComponent(new URL(url, 'http://host').pathname);
    const body =
      pathname === '/' ? (find('/index.html') ?? '<!doctype html><title>empty</title>') : find(pathname);
    const type = pathname === '/' ? 'text/html' : (TYPES[extname(pathname)] ?? 'application/octet-stream');
    // Browsers ask for an icon on their own.
    const found = body !== undefined || pathname === '/favicon.ico';
    const length = Buffer.byteLength(body ?? '');
    response
      .writeHead(found ? 200 : 404, { 'content-type': type, 'content-length': length, ...headers })
      .end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

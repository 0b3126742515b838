/**
 * Keeps the page's files of one version: each is fetched with its digest, so that none is half, changed or of another version.
 * A new version is taken as a whole, and replaces the old one when no page of that is open any more.
 */
interface SiteFile {
  readonly path: string;
  /** As of Subresource Integrity. */
  readonly integrity: string;
  /** Large ones are kept when they are used. */
  readonly lazy: boolean;
}

/** Written by the build. */
declare const SITE_VERSION: string;
declare const SITE_FILES: readonly SiteFile[];

/** As much of a service worker's scope as is used: TypeScript's types of pages have none of it. */
interface ServiceWorker {
  addEventListener(
    type: 'install' | 'activate' | 'fetch',
    listener: (event: {
      readonly request: Request;
      waitUntil(work: Promise<unknown>): void;
      respondWith(response: Promise<Response>): void;
    }) => void,
  ): void;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
}

const worker = globalThis as unknown as ServiceWorker;
const { scope } = worker.registration;
/** Other pages of the same host have other scopes. */
const PREFIX = `nmode ${scope} `;
const CACHE = PREFIX + SITE_VERSION;
const files = new Map(SITE_FILES.map((file) => [new URL(file.path, scope).href, file]));

async function fetchChecked(url: string, { integrity }: SiteFile): Promise<Response> {
  // A cache on the way may hold the file of another version.
  const response = await fetch(url, { integrity, cache: 'no-cache' });
  if (!response.ok) throw new TypeError(`${url}: ${response.status}`);
  return isolated(response);
}

/** The headers that give WebAssembly threads, for hosts that cannot send them. */
function isolated({ body, headers: given }: Response): Response {
  const headers = new Headers(given);
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-embedder-policy', 'require-corp');
  // The body is no longer compressed.
  headers.delete('content-encoding');
  headers.delete('content-length');
  return new Response(body, { headers });
}

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const eager = [...files].filter(([, { lazy }]) => !lazy);
  try {
    await Promise.all(eager.map(async ([url, file]) => cache.put(url, await fetchChecked(url, file))));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

async function answer(url: string, file: SiteFile): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(url);
  if (kept !== undefined) return kept;
  const fetched = await fetchChecked(url, file);
  await cache.put(url, fetched.clone());
  return fetched;
}

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  url.search = '';
  url.hash = '';
  if (url.pathname.endsWith('/')) url.pathname += 'index.html';
  const file = files.get(url.href);
  if (file !== undefined) event.respondWith(answer(url.href, file));
});

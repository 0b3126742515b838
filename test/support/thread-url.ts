/** In place of runtime/node/threads/thread-url.ts, which looks beside itself: the built threads. */
export function threadUrl(name: string): URL {
  return new URL(`../../dist/runtime/node/threads/${name}.js`, import.meta.url);
}

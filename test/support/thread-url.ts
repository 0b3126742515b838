/** In place of runtime/threads/thread-url.ts, which looks beside itself: the built threads. */
export function threadUrl(name: string): URL {
  return new URL(`../../dist/runtime/threads/${name}.js`, import.meta.url);
}

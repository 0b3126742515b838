/** Where the code of a thread is, once built. (Tests run from source, which Node cannot start: they put the build here.) */
export function threadUrl(name: string): URL {
  return new URL(`./${name}.js`, import.meta.url);
}

/** The element of an id. @throws TypeError where the page has no such element of that kind */
export function element<E extends HTMLElement>(id: string, kind: abstract new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} '${id}'`);
  return found;
}

export const button = (id: string) => element(id, HTMLButtonElement);
export const input = (id: string) => element(id, HTMLInputElement);

/** Fills a description list with terms and what they are. */
export function describe(list: HTMLElement, entries: readonly (readonly [string, string])[]): void {
  list.replaceChildren(
    ...entries.flatMap(([term, text]) => {
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
      dt.textContent = term;
      dd.textContent = text;
      return [dt, dd];
    }),
  );
}

/** A number of milliseconds as one reads it. */
export const milliseconds = (value: number) =>
  value < 9999.5 ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : `${(value / 1000).toFixed(1)} s`;

/** A number of bytes as one reads it. */
export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

import { element } from './elements.js';

/** An image of the list: a file, those of its channels, or the example. */
export interface Picture {
  readonly name: string;
  readonly source: File | URL | readonly File[];
  /** Its ground-truth mask, once that is given. */
  truth?: File;
}

/** The images that were given, as a list of buttons. */
export class Pictures {
  readonly #list = element('images', HTMLElement);
  readonly #pictures: Picture[] = [];
  readonly #choose: (picture: Picture) => void;

  constructor(choose: (picture: Picture) => void) {
    this.#choose = choose;
  }

  /** @returns the first of them */
  add(given: readonly Picture[]): Picture | undefined {
    const known = given.map((picture) => this.#pictures.find((other) => isSame(picture, other)) ?? picture);
    for (const picture of known) {
      if (this.#pictures.includes(picture)) continue;
      this.#pictures.push(picture);
      const item = document.createElement('li');
      const chooser = document.createElement('button');
      chooser.type = 'button';
      chooser.textContent = picture.name;
      chooser.addEventListener('click', () => this.#choose(picture));
      item.append(chooser);
      this.#list.append(item);
    }
    return known[0];
  }

  /** The last that is called so. */
  find(isWanted: (name: string) => boolean): Picture | undefined {
    return this.#pictures.findLast(({ name }) => isWanted(name));
  }

  mark(current: Picture): void {
    for (const [index, item] of this.#list.querySelectorAll('button').entries()) {
      item.setAttribute('aria-current', String(this.#pictures[index] === current));
    }
  }
}

/** Files are the same that have one name, size and time. */
function isSame(a: Picture, b: Picture): boolean {
  if (!(a.source instanceof File && b.source instanceof File)) return a.source === b.source;
  return (
    a.name === b.name && a.source.size === b.source.size && a.source.lastModified === b.source.lastModified
  );
}

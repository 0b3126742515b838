import { element } from './elements.js';
import { stemOf } from './sources.js';

/** An image of the list: a file, those of its channels, or an example. */
export interface Picture {
  readonly name: string;
  readonly source: File | URL | readonly File[];
  /** What the list calls it; default its name. */
  readonly title?: string;
  /** A small picture of it; default the image itself. */
  readonly thumbnail?: URL;
  /** The bundled model that it is for. */
  readonly model?: URL;
  /** Its ground-truth mask, once that is given. */
  truth?: File;
}

/** The images that there are, as a list of buttons, and the ground-truth masks that are none of theirs. */
export class Pictures {
  readonly #list = element('images', HTMLElement);
  readonly #pictures: Picture[] = [];
  /** By what their image would be called. */
  readonly #unpaired = new Map<string, File>();
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
      this.#list.append(this.#itemOf(picture));
      const stem = stemOf(picture.name);
      const truth = this.#unpaired.get(stem);
      if (truth === undefined) continue;
      picture.truth = truth;
      this.#unpaired.delete(stem);
    }
    this.#sayUnpaired();
    return known[0];
  }

  /** The last that is called so, but for the extension. */
  find(stem: string): Picture | undefined {
    return this.#pictures.findLast(({ name }) => stemOf(name) === stem);
  }

  /**
   * Gives a ground-truth mask to the image of its name.
   * @returns that image; undefined where there is none yet: until then, the page names the mask
   */
  pair(truth: File, stem: string): Picture | undefined {
    const picture = this.find(stem);
    if (picture !== undefined) picture.truth = truth;
    else this.#unpaired.set(stem, truth);
    this.#sayUnpaired();
    return picture;
  }

  mark(current: Picture | undefined): void {
    for (const [index, item] of this.#list.querySelectorAll('button').entries()) {
      const isCurrent = this.#pictures[index] === current;
      item.setAttribute('aria-current', String(isCurrent));
      // The list alone: the page stays where it is.
      if (isCurrent) this.#list.scrollLeft = item.offsetLeft - this.#list.clientWidth / 2;
    }
  }

  #itemOf(picture: Picture): HTMLElement {
    const item = document.createElement('li');
    const chooser = document.createElement('button');
    chooser.type = 'button';
    const title = document.createElement('span');
    title.textContent = chooser.title = picture.title ?? picture.name;
    chooser.append(thumbnailOf(picture), title);
    chooser.addEventListener('click', () => this.#choose(picture));
    item.append(chooser);
    return item;
  }

  #sayUnpaired(): void {
    const [stems, files] = [[...this.#unpaired.keys()], [...this.#unpaired.values()]];
    const names = files.map(({ name }) => name).join(', ');
    const text = `Not used: ${names}. No photo here is called ${stems.join(' or ')}.`;
    element('unpaired', HTMLElement).textContent = files.length === 0 ? '' : text;
  }
}

function thumbnailOf({ thumbnail, source }: Picture): HTMLImageElement {
  const image = new Image();
  const file = source instanceof URL || source instanceof File ? source : source[0];
  image.alt = '';
  image.decoding = 'async';
  if (thumbnail !== undefined) image.src = thumbnail.href;
  else if (file instanceof File) {
    image.src = URL.createObjectURL(file);
    for (const end of ['load', 'error']) {
      image.addEventListener(end, () => URL.revokeObjectURL(image.src), { once: true });
    }
  }
  return image;
}

/** Files are the same that have one name, size and time. */
function isSame(a: Picture, b: Picture): boolean {
  if (!(a.source instanceof File && b.source instanceof File)) return a.source === b.source;
  return (
    a.name === b.name && a.source.size === b.source.size && a.source.lastModified === b.source.lastModified
  );
}

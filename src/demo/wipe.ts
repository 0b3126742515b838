/** A second model beside the first: the image shows the masks of both, and a divider between them. */
import type { LoadProgress, Segmentation, Segmenter } from '../web.js';
import { button, element, input } from './elements.js';
import { Engine, type Wish } from './engine.js';
import { isAbort } from './status.js';

type Source = Parameters<Segmenter['segment']>[0];

export class SecondModel {
  readonly #engine = new Engine();
  #file: File | undefined;

  /** What it is called; undefined where there is none. */
  get name(): string | undefined {
    return this.#file?.name;
  }

  /** Loads one in the place of the one before, as the first is to be run. */
  async load(file: File, wish: Wish, onProgress: (progress: LoadProgress) => void): Promise<void> {
    this.#file = file;
    try {
      await this.#engine.start({ ...wish, model: file }, onProgress);
    } catch (error) {
      // One that was stopped is being loaded again, or there is another.
      if (!isAbort(error)) this.close();
      throw error;
    }
  }

  /** Loads it again, where there is one and the wishes have changed. */
  async reload(wish: Wish, onProgress: (progress: LoadProgress) => void): Promise<void> {
    if (this.#file !== undefined) await this.load(this.#file, wish, onProgress);
  }

  /** @returns undefined where there is none */
  async segment(source: Source, signal: AbortSignal) {
    const name = this.#file?.name;
    if (name === undefined) return undefined;
    const segmenter = await this.#engine.segmenter;
    const { probabilities }: Segmentation = await segmenter.segment(source, { signal });
    if (probabilities === undefined) throw new TypeError('the segmenter kept its pixels');
    return { name, probabilities, classes: segmenter.semantics };
  }

  close(): void {
    this.#file = undefined;
    this.#engine.close();
  }
}

/** Shows the divider between two models, by their names; nothing, where there is one. */
export function offerDivider(names: { readonly first: string; readonly second: string } | undefined): void {
  element('wipe', HTMLElement).hidden = names === undefined;
  button('alone').hidden = names === undefined;
  element('drop', HTMLElement).classList.toggle('wiped', names !== undefined);
  element('left-model', HTMLElement).textContent = names?.first ?? '';
  element('right-model', HTMLElement).textContent = names?.second ?? '';
  say();
}

/** What is heard of the divider. */
function say(): void {
  const divider = input('divider');
  const share = Math.round(100 * divider.valueAsNumber);
  const [first, second] = ['left-model', 'right-model'].map((id) => element(id, HTMLElement).textContent);
  divider.setAttribute('aria-valuetext', `${share} % ${first}, ${100 - share} % ${second}`);
}

/**
 * Calls back where the divider is moved: by its slider, or on the image, by mouse or touch.
 * @param aspect the image's width by its height
 */
export function onDivider(aspect: () => number, moved: (share: number) => void): void {
  const divider = input('divider');
  const drop = element('drop', HTMLElement);
  const canvas = element('canvas', HTMLCanvasElement);
  divider.addEventListener('input', () => {
    say();
    moved(divider.valueAsNumber);
  });
  const follow = ({ clientX }: PointerEvent) => {
    // The image is as large as fits, in the middle of its element.
    const box = canvas.getBoundingClientRect();
    const width = Math.min(box.width, box.height * aspect());
    const share = (clientX - box.left - (box.width - width) / 2) / width;
    divider.valueAsNumber = Math.min(1, Math.max(0, share));
    divider.dispatchEvent(new Event('input'));
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (!drop.classList.contains('wiped') || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    follow(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) follow(event);
  });
}

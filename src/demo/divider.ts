/** A divider on the image: between the masks of two models, or between the photo and its mask. */
import { element, input } from './elements.js';

/** What stands at its sides. */
export interface Sides {
  readonly left: string;
  readonly right: string;
}

/** How far from the line a pointer may be that takes it, in CSS pixels. */
const REACH = 24;

export class Divider {
  readonly #slider = input('divider');
  readonly #canvas = element('canvas', HTMLCanvasElement);
  readonly #aspect: () => number;

  /**
   * @param aspect the image's width by its height
   * @param moved is told the share of the width that is left of it
   */
  constructor(aspect: () => number, moved: (share: number) => void) {
    this.#aspect = aspect;
    this.#slider.addEventListener('input', () => {
      this.#say();
      moved(this.#slider.valueAsNumber);
    });
  }

  get isShown(): boolean {
    return !element('wipe', HTMLElement).hidden;
  }

  /** Shows it between two sides, or not at all. */
  offer(sides: Sides | undefined): void {
    element('wipe', HTMLElement).hidden = sides === undefined;
    element('drop', HTMLElement).classList.toggle('wiped', sides !== undefined);
    element('left-side', HTMLElement).textContent = sides?.left ?? '';
    element('right-side', HTMLElement).textContent = sides?.right ?? '';
    this.#say();
  }

  /** Whether a pointer is close enough to move it. */
  isNear({ clientX }: PointerEvent): boolean {
    const { left, width } = this.#image();
    return Math.abs(clientX - left - this.#slider.valueAsNumber * width) < REACH;
  }

  /** Moves it to a pointer. */
  follow({ clientX }: PointerEvent): void {
    const { left, width } = this.#image();
    this.#slider.valueAsNumber = Math.min(1, Math.max(0, (clientX - left) / width));
    this.#slider.dispatchEvent(new Event('input'));
  }

  /** The image is as large as fits, in the middle of its canvas. */
  #image(): { left: number; width: number } {
    const box = this.#canvas.getBoundingClientRect();
    const width = Math.min(box.width, box.height * this.#aspect());
    return { left: box.left + (box.width - width) / 2, width };
  }

  /** What is heard of it. */
  #say(): void {
    const share = Math.round(100 * this.#slider.valueAsNumber);
    const [left, right] = ['left-side', 'right-side'].map((id) => element(id, HTMLElement).textContent);
    this.#slider.setAttribute('aria-valuetext', `${share} % ${left}, ${100 - share} % ${right}`);
  }
}

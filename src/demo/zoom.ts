import { element } from './elements.js';

const [LEAST, MOST] = [1, 8];

/** The part of the image that is seen: its canvas, scaled and moved under its frame. */
export class Zoom {
  readonly #frame = element('drop', HTMLElement);
  readonly #canvas = element('canvas', HTMLCanvasElement);
  readonly #changed: () => void;
  #scale = LEAST;
  /** Where the canvas begins, in CSS pixels from the frame's corner: 0 or less. */
  #left = 0;
  #top = 0;

  /** @param changed is called when the image is zoomed, and when it is whole again */
  constructor(changed: () => void) {
    this.#changed = changed;
    new ResizeObserver(() => this.by(0, 0)).observe(this.#frame);
  }

  /** 1, where the whole image is seen, to 8. */
  get scale(): number {
    return this.#scale;
  }

  get isZoomed(): boolean {
    return this.#scale > LEAST;
  }

  /** Scales it about a point of the window, or about the middle of the frame. */
  to(scale: number, point?: { readonly clientX: number; readonly clientY: number }): void {
    const wasZoomed = this.isZoomed;
    const box = this.#frame.getBoundingClientRect();
    const { clientX = box.left + box.width / 2, clientY = box.top + box.height / 2 } = point ?? {};
    const [x, y] = [clientX - box.left - this.#frame.clientLeft, clientY - box.top - this.#frame.clientTop];
    const wanted = Math.min(MOST, Math.max(LEAST, scale));
    const ratio = wanted / this.#scale;
    this.#scale = wanted;
    this.#place(x - (x - this.#left) * ratio, y - (y - this.#top) * ratio);
    this.#frame.classList.toggle('zoomed', this.isZoomed);
    if (this.isZoomed !== wasZoomed) this.#changed();
  }

  /** Moves it by CSS pixels. */
  by(x: number, y: number): void {
    this.#place(this.#left + x, this.#top + y);
  }

  /** No edge of the canvas comes into the frame. */
  #place(left: number, top: number): void {
    const { clientWidth, clientHeight } = this.#frame;
    this.#left = Math.min(0, Math.max(left, clientWidth * (1 - this.#scale)));
    this.#top = Math.min(0, Math.max(top, clientHeight * (1 - this.#scale)));
    this.#canvas.style.transform = this.isZoomed
      ? `translate(${this.#left}px, ${this.#top}px) scale(${this.#scale})`
      : '';
  }
}

/** The image with its masks, and what is said and done of it: it conducts the painter. */
import { workerThread } from '../../runtime/web/threads/thread.js';
import type { Segmentation, Segmenter } from '../web.js';
import { Divider, type Sides } from './divider.js';
import { button, describe, element, input } from './elements.js';
import { offerClasses } from './fields/class-choice.js';
import { lookOf, onLook } from './fields/look-fields.js';
import { readingOf } from './fields/truth-fields.js';
import { followGestures } from './gestures.js';
import type { PainterMethods } from './painting/painter.js';
import type { Picture } from './pictures.js';
import { memoryOf, resultOf, tilesOf, timingsOf } from './reports.js';
import { stemOf } from './sources.js';
import { tell, warn, warnOf } from './status.js';
import { Zoom } from './zoom.js';

type Beside = Parameters<PainterMethods['beside']>[0];

export class Stage {
  readonly #painter = workerThread<PainterMethods>(
    () => new Worker(new URL('painter.js', document.baseURI), { type: 'module', name: 'painter' }),
    'the page',
  );
  readonly #canvas = element('canvas', HTMLCanvasElement);
  readonly #frame = element('drop', HTMLElement);
  readonly #zoom = new Zoom(() => this.#refresh());
  readonly #divider = new Divider(
    () => this.#aspect,
    (share) => this.#painter.call('divide', share).catch(tell),
  );
  /** What the canvas and the results are of. */
  #shown: Picture | undefined;
  /** Of the image that is shown: its width by its height. */
  #aspect = 1;
  /** What two models are called. */
  #models: Sides | undefined;
  #painting: Promise<void> | undefined;
  #isStale = false;

  constructor() {
    const offscreen = this.#canvas.transferControlToOffscreen();
    this.#painter.call('use', offscreen, [offscreen]).catch(tell);
    followGestures(this.#zoom, this.#divider);
    button('download').addEventListener('click', () => this.#download().catch(warnOf));
    onLook(() => this.#refresh());
    input('before-after').addEventListener('input', () => this.#offerDivider());
    for (const name of ['truth-foreground', 'truth-ignored']) {
      input(name).addEventListener('change', () => this.#compareAgain());
    }
    element('class', HTMLSelectElement).addEventListener('change', async () => {
      if (this.#shown === undefined) return;
      await this.#repaint().catch(tell);
      // Of one that names its foreground, that is the foreground of the class that is shown.
      this.#compareAgain();
    });
  }

  /** What is shown, whole and right; undefined while it is another's turn. */
  get shown(): Picture | undefined {
    return this.#shown;
  }

  /** What is shown can be downloaded and measured; nothing of it, while another is segmented. */
  present(picture: Picture | undefined): void {
    this.#shown = picture;
    button('download').disabled = picture === undefined;
    button('benchmark').disabled = picture === undefined;
    this.#canvas.setAttribute(
      'aria-label',
      picture === undefined ? 'No image' : `${picture.name} with its mask`,
    );
  }

  /** Shows nothing. */
  clear(): void {
    this.present(undefined);
    this.#reveal(false);
    describe(element('result', HTMLElement), []);
  }

  /** @throws the signal's reason, once another image was chosen */
  async show(
    picture: Picture,
    segmentation: Segmentation,
    classes: Segmenter['semantics'],
    signal: AbortSignal,
  ): Promise<void> {
    const { image, probabilities, timings, tiling } = segmentation;
    if (image === undefined || probabilities === undefined)
      throw new TypeError('the segmenter kept its pixels');
    signal.throwIfAborted();
    this.#aspect = image.width / image.height;
    this.#frame.style.aspectRatio = String(this.#aspect);
    this.#zoom.to(1);
    await this.#painter.call('take', { image, probabilities, classes }, [
      image.data.buffer,
      probabilities.data.buffer,
    ]);
    offerClasses(classes, segmentation.classes, segmentation.maskLabels);
    await this.#repaint();
    signal.throwIfAborted();
    if (picture.truth !== undefined) await this.compare(picture.truth);
    signal.throwIfAborted();
    this.#reveal(true);
    this.present(picture);
    describe(element('timings', HTMLElement), [...timingsOf(timings), ...tilesOf(tiling), ...memoryOf()]);
  }

  /** Shows what a second model made of the same image as well, or the first's alone. */
  async beside(answer: Beside): Promise<void> {
    await this.#painter.call('beside', answer, answer && [answer.probabilities.data.buffer]);
    if (this.#shown !== undefined) await this.#repaint();
  }

  /** Says what the models are called, where there are two. */
  nameModels(models: Sides | undefined): void {
    this.#models = models;
    button('alone').hidden = models === undefined;
    input('before-after').disabled = models !== undefined;
    this.#offerDivider();
  }

  /** Holds the mask of the image to its truth. One that cannot be read is tried again once it is said how. */
  async compare(truth: File): Promise<void> {
    try {
      warn('');
      const remark = await this.#painter.call('compare', { file: truth, reading: readingOf() });
      // Of one that is compared meanwhile, that one says it.
      if (remark !== '') warn(remark);
    } catch (error) {
      warnOf(error);
      element('truth-reading', HTMLDetailsElement).open = true;
    }
    await this.#repaint();
  }

  #compareAgain(): void {
    const truth = this.#shown?.truth;
    if (truth !== undefined) this.compare(truth).catch(tell);
  }

  #offerDivider(): void {
    const isWiped = input('before-after').checked;
    this.#divider.offer(this.#models ?? (isWiped ? { left: 'Original', right: 'With its mask' } : undefined));
  }

  /** Takes what invites and what came before away, or brings the invitation back. */
  #reveal(isFilled: boolean): void {
    document.getElementById('preview')?.remove();
    this.#frame.classList.toggle('filled', isFilled);
  }

  #refresh(): void {
    if (this.#shown !== undefined) this.#repaint().catch(tell);
  }

  /** Draws with what the fields say now; while one drawing is under way, only the last of many changes waits. */
  #repaint(): Promise<void> {
    this.#isStale = true;
    this.#painting ??= (async () => {
      while (this.#isStale) {
        this.#isStale = false;
        const look = { ...lookOf(), isZoomed: this.#zoom.isZoomed };
        describe(element('result', HTMLElement), resultOf(await this.#painter.call('paint', look)));
      }
    })().finally(() => {
      this.#painting = undefined;
    });
    return this.#painting;
  }

  async #download(): Promise<void> {
    if (this.#shown === undefined) return;
    const link = document.createElement('a');
    const stem = stemOf(this.#shown.name);
    const { png, end } = await this.#painter.call('png', undefined);
    link.download = `${stem}_${end}.png`;
    link.href = URL.createObjectURL(png);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}

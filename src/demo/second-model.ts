/** A second model beside the first: the image shows the masks of both, and a divider between them. */
import type { LoadProgress, Segmenter } from '../web.js';
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
    const { probabilities } = await segmenter.segment(source, { signal });
    if (probabilities === undefined) throw new TypeError('the segmenter kept its pixels');
    return { name, probabilities, classes: segmenter.semantics };
  }

  close(): void {
    this.#file = undefined;
    this.#engine.close();
  }
}

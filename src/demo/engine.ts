import { NORMALIZATIONS } from '../../graph/recipe/normalization.js';
import type { Grey } from '../../graph/recipe/recipe.js';
import type { AppliedHead } from '../../runtime/output-spec.js';
import { type LoadProgress, Segmenter, type SegmenterOptions } from '../web.js';

/** A model: one's own, or where one is. */
export type Model = File | URL;

/** What is asked for of a segmenter. */
export interface Wish {
  readonly model: Model;
  readonly provider: 'auto' | 'webgpu' | 'wasm';
  /** How images are prepared: as the model says, or by a normalization of this name. */
  readonly recipe: 'own' | keyof typeof NORMALIZATIONS;
  /** What one grey channel is made of where an image has colours: as the model says, if it does, or this. */
  readonly grey: 'own' | Grey;
  /** What turns its logits into probabilities, where it gives logits. */
  readonly head: 'own' | AppliedHead;
}

/** Beside the page. */
export const ASSETS = new URL('nmode/', document.baseURI);

export function load(
  { model, provider, recipe, grey, head }: Wish,
  options: SegmenterOptions = {},
): Promise<Segmenter> {
  return Segmenter.load(model, {
    assets: ASSETS,
    ...(recipe !== 'own' && { recipe: { normalization: NORMALIZATIONS[recipe] } }),
    ...(grey !== 'own' && { grey }),
    ...(head !== 'own' && { head }),
    ...(provider !== 'auto' && { providers: [provider] }),
    ...options,
  });
}

/** One segmenter at a time, or none: the one that was wished for last. */
export class Engine {
  #loading: Promise<Segmenter> | undefined;
  #stop = new AbortController();

  /** Loads a segmenter in the place of the one before; only the last of several answers. */
  async start(wish: Wish, onProgress: (progress: LoadProgress) => void): Promise<Segmenter> {
    this.close();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#loading = load(wish, { onProgress, signal });
    const segmenter = await this.#loading;
    signal.throwIfAborted();
    return segmenter;
  }

  /** Ends the segmenter, also one that is still being loaded. */
  close(): void {
    this.#stop.abort(new DOMException('another was wished for, or none', 'AbortError'));
    this.#loading?.then((segmenter) => segmenter.close()).catch(() => {});
    this.#loading = undefined;
  }

  /** The segmenter, loaded. */
  get segmenter(): Promise<Segmenter> {
    return this.#loading ?? Promise.reject(new TypeError('nothing is being loaded'));
  }
}

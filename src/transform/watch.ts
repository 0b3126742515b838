/** What is counted while a model is rewritten: images that a model was run on, or models that the search of `int8` tried. */
export type ProgressUnit = 'images' | 'models';

/** How far work is. It begins anew, with 0 done, for each of its parts. */
export type Progress = (done: number, total: number, unit: ProgressUnit) => void;

/** What long runs are watched by. */
export interface Watch {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: Progress | undefined;
  /** Whether to end with what there is. */
  readonly isTimeUp?: (() => boolean) | undefined;
}

const MINUTE = 60_000;

/** True once some minutes are over, from now on. */
export function timeLimit(minutes = Number.POSITIVE_INFINITY): () => boolean {
  const deadline = performance.now() + MINUTE * minutes;
  return () => performance.now() >= deadline;
}

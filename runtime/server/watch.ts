import { NmodeError } from '../../graph/common/errors.js';
import type { DataPlane } from './data-plane.js';
import { stampOf } from './stamp.js';

/** How often files are looked at, in milliseconds. */
const INTERVAL = 500;
/** How often a load is tried again that failed for another reason than the file, in looks. */
const RETRY = 20;

/**
 * Loads models again whose files were replaced, once these no longer change.
 * @returns a function that ends it
 */
export function watch(dataPlane: DataPlane, files: ReadonlyMap<string, string>): () => void {
  const watched = [...files].map(([name, file]) => new WatchedFile(dataPlane, name, file));
  const timer = setInterval(() => {
    for (const each of watched) each.look();
  }, INTERVAL);
  timer.unref();
  return () => clearInterval(timer);
}

class WatchedFile {
  #seen = '';
  /** Looks until the next attempt. */
  #retry = 0;
  #isLooking = false;

  constructor(
    readonly dataPlane: DataPlane,
    readonly name: string,
    readonly file: string,
  ) {}

  /** Looks at it, unless the last look is still at it, or at a load. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#look().finally(() => {
      this.#isLooking = false;
    });
  }

  async #look(): Promise<void> {
    const { dataPlane, name } = this;
    const now = await stampOf(this.file);
    const settled = now !== '' && now === this.#seen;
    this.#seen = now;
    const loaded = dataPlane.stampOf(name);
    if (!settled || loaded === undefined) return;
    const again = this.#retry > 0 && --this.#retry === 0;
    if (now === loaded && !again) return;
    this.#retry = 0;
    // What is wrong is logged; the old one goes on.
    await dataPlane.load(name).catch((error: unknown) => {
      if (!isTheFile(error)) this.#retry = RETRY;
    });
  }
}

/** Whether the file is at fault: not where the system could not read it, which is short of descriptors, for example. */
function isTheFile(error: unknown): boolean {
  if (!(error instanceof NmodeError) || error.code !== 'BAD_MODEL') return false;
  return !(error.cause instanceof Error && 'syscall' in error.cause);
}

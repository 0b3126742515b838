import { onAbort } from '../../common/abort.js';
import { MAX_TIMER } from '../../common/timer.js';
import { clientLeft } from '../failures.js';
import { tooShort } from '../scheduling/refusals.js';

/** The time that a request has from when its body has come: one for all that is done for it. */
export class Deadline {
  readonly #controller = new AbortController();
  /** When it began, of `performance.now()`. */
  readonly since = performance.now();
  readonly #forget: () => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param within milliseconds
   * @param ending aborts when the model is taken away
   * @param alone milliseconds that the model takes without others
   */
  constructor(
    private within: number,
    ending: AbortSignal,
    private readonly alone: () => number,
  ) {
    this.shorten(within);
    this.#forget = onAbort(ending, () => this.#controller.abort(ending.reason));
  }

  /** Aborts when it passes, the client leaves or the model is taken away. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds that are left. */
  get left(): number {
    return Math.max(0, this.within - (performance.now() - this.since));
  }

  /** @param within milliseconds from its start, at most those that it had */
  shorten(within: number): void {
    this.within = within;
    clearTimeout(this.#timer);
    const { left } = this;
    const expire = () => this.#controller.abort(tooShort(within, this.alone()));
    this.#timer = setTimeout(expire, Math.min(left, MAX_TIMER));
    // Timers go by whole milliseconds, in which a small network may have answered.
    if (left < 1) expire();
  }

  /** Lets go of it. @param isAnswered whether its client has the answer; else it has left, and the signal aborts */
  end(isAnswered: boolean): void {
    clearTimeout(this.#timer);
    this.#forget();
    if (!isAnswered) this.#controller.abort(clientLeft());
  }
}
